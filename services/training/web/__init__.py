"""The screens of training."""

from __future__ import annotations

from services.training.web import people
from shared.web import Offline, Pages

pages: list[Pages] = [people.bp]
offline: list[Offline] = []
