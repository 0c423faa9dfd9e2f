"""Lapak on one machine: embedded PostgreSQL and Redis, the process supervisor, and what tests start.

Knows the services' processes by their command, never by import.
"""
