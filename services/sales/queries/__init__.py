"""Reads: plain selects."""
