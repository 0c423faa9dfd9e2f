"""A person of the prison at the pages, as a browser would bring them there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any

from flask import Flask

from shared.auth import issue


@dataclass(frozen=True)
class Sheet:
    """What was answered: status, markup, where it leads."""

    status: int
    text: str
    data: bytes
    location: str

    def words(self) -> str:
        """What a person reads: no tags, single blanks."""
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", self.text)))

    def alert(self) -> str:
        """What stands in the box above a refused form."""
        found = re.search(r'role="alert">(.*?)</div></div>', self.text, re.DOTALL)
        assert found, self.words()
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", found[1])))

    def value(self, name: str) -> str:
        """What stands in a field."""
        found = re.search(rf'name="{re.escape(name)}"[^>]*? value="([^"]*)"', self.text)
        assert found, name
        return unescape(found[1])


class Desk:
    """Somebody signed in on the pages. Paths are below `/inventory/`."""

    def __init__(self, app: Flask, role: str, name: str, **scope: str) -> None:
        self.client = app.test_client()
        token = issue(role=role, subject=name, lifetime=timedelta(hours=1), **scope)
        self.headers = {"Authorization": f"Bearer {token}", "Sec-Fetch-Site": "same-origin"}

    def get(self, path: str, **query: Any) -> Sheet:
        return self._sheet(self.client.get(f"/inventory/{path}", headers=self.headers, query_string=query))

    def post(self, path: str, **fields: Any) -> Sheet:
        """Send a form. Names that are no words of Python come as `**{"n.RTI-001/…": "3"}`."""
        return self._sheet(self.client.post(f"/inventory/{path}", headers=self.headers, data=fields))

    def _sheet(self, got: Any) -> Sheet:
        text = got.get_data(as_text=True) if "html" in got.content_type else ""
        return Sheet(got.status_code, text, got.data, got.headers.get("Location", ""))
