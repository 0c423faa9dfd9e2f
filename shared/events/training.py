"""What training announces."""

from __future__ import annotations

from typing import Literal

from shared.events.base import Code, Day, Event, Revocation, Version


class SkillGranted(Event, frozen=True):
    """A resident holds a skill for a span of days, by a certificate or an instructor's attestation."""

    SOURCE = "training"
    SUBJECT = "reference"

    worker_ref: str
    skill: Code
    basis: Literal["certificate", "attestation"]
    reference: str
    valid_from: Day
    valid_until: Day | None
    version: Version


class SkillWithdrawn(Event, frozen=True):
    """What granted a skill no longer does, from `effective` on. It may arrive before the grant."""

    SOURCE = "training"
    SUBJECT = "reference"

    worker_ref: str
    skill: Code
    reference: str
    effective: Day
    version: Version


class TokenRevoked(Revocation, frozen=True):
    """A token that was let in at training is refused from now on, in every service."""

    SOURCE = "training"
