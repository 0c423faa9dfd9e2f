"""Plumbing and contracts that the three services stand on. Knows no service, holds no domain rule."""

#: As in pyproject.toml (a test holds them together): there is no package to ask for it.
VERSION = "0.1.0"
