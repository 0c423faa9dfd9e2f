"""What tests of the doors do: headers of somebody, codes that let somebody in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient

from shared.auth import issue

#: What a browser says of a request that a page of ours makes.
OWN = {"Sec-Fetch-Site": "same-origin"}


def json_of(answer: Any) -> Any:
    """What an answer holds."""
    return answer.json


def bearer(role: str, **scope: str) -> dict[str, str]:
    """The header of somebody with a token from the command line."""
    return {"Authorization": f"Bearer {issue(role=role, lifetime=timedelta(minutes=5), subject='op', **scope)}"}


def code_for(client: FlaskClient, service: str, **body: Any) -> str:
    """A code that lets somebody in."""
    made = client.post(f"/{service}/v1/pairings", json=body, headers=bearer("operator"))
    assert made.status_code == 201, made.data
    return str(json_of(made)["code"])
