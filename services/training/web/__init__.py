"""The screens of training."""

from __future__ import annotations

from shared.web import Offline, Pages

pages: list[Pages] = []
offline: list[Offline] = []
