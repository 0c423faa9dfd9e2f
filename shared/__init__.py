"""Plumbing and contracts that the three services stand on. Knows no service, holds no domain rule."""
