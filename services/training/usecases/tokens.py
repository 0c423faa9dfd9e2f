"""Tokens: revoked here, and announced to the other services."""

from __future__ import annotations

from shared.events.training import TokenRevoked
from shared.messaging.revoking import announcing

revoke = announcing(TokenRevoked)
