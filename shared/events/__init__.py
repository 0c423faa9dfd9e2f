"""The contracts: every event that crosses from one service to another, by publisher, and who listens.

A published version only grows: fields may be added with a default, never removed, renamed or retyped.
Each has a golden payload and a JSON Schema under `tests/contracts/`; `docs/events.md` is made from here.
"""

from shared.events.base import Event, json_schema

__all__ = ["Event", "json_schema"]
