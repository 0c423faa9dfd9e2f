"""Somebody who says one thing after the other, each until it is answered, and says all of it again when asked to.

Asked to: by another system that shall know the same, or by this one, when its answers come from another log than
before (the header `Lapak-Epoch`): it was restored from a backup, and has forgotten what came since.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from shared.clock import now
from shared.jsontext import dumps, instant, loads

PATIENCE = 240.0  # seconds; somebody who is never answered is a fault of ours
EPOCH_IS_TOLD = 4.0  # seconds from a restore until no web process tells the epoch before
EPOCH = "Lapak-Epoch"


@dataclass(frozen=True)
class Clock:
    """A device's: the one on its wall, which may be `off`, and the one of its page's run, if it tells that."""

    off: timedelta = timedelta()
    run: str | None = None
    began: float = field(default_factory=time.monotonic)

    def wall(self) -> str:
        """What it shows now."""
        return instant(now() + self.off)

    def told(self, name: str) -> dict[str, Any]:
        """What a fact or a request carries of the run, by this name."""
        ms = int((time.monotonic() - self.began) * 1000)
        return {name: {"run": self.run, "ms": ms}} if self.run else {}


@dataclass(frozen=True)
class Said:
    """One request, as it was meant. `clock`: its sender's then; None: it does not tell the time."""

    method: str
    path: str
    token: str
    body: dict[str, Any]
    clock: Clock | None = None

    def text(self, renamed: dict[str, str]) -> str:
        """As it travels now; `renamed`: what the server chose when it was first said, by what it chose since."""
        told = {"sent_at": self.clock.wall()} | self.clock.told("sent_clock") if self.clock else {}
        text = dumps(self.body | told)
        for first, since in renamed.items():
            text = text.replace(first, since)
        return text


@dataclass
class Actor:
    """`said` is all that was said, in its order."""

    url: str
    name: str
    tokens: dict[str, str]
    said: list[Said] = field(default_factory=list)
    #: What the server chose (lot codes), by a name that is the same in every telling: at first, and now.
    first: dict[str, str] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)
    retries: int = 0
    #: Of these: nobody answered, or a gateway or server said that it could not. By what was said instead.
    unanswered: Counter[str] = field(default_factory=Counter)
    epochs: dict[str, set[str]] = field(default_factory=dict)
    forgotten: bool = False
    said_again: int = 0
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, timeout=10, trust_env=False)

    def say(self, method: str, path: str, role: str, body: dict[str, Any], clock: Clock | None = None) -> Any:
        """Send it until it is answered; the answer. Raises AssertionError when it is refused."""
        said = Said(method, path, self.tokens[role], body, clock)
        self.said.append(said)
        answer = self._send(said, self.first)
        self._remind()
        return answer

    def ask(self, path: str, role: str) -> Any:
        """Read something; it belongs to no history."""
        answer = self._answer("GET", path, self.tokens[role], lambda: "")
        self._remind()
        return answer

    def _remind(self) -> None:
        """As a device does when the log is another than before: all again, in its order; each fact is idempotent."""
        while self.forgotten:
            self.forgotten = False
            for said in list(self.said):
                self._send(said, self.first)
                self.said_again += 1

    def _renamed(self, first: dict[str, str]) -> dict[str, str]:
        return {code: self.chosen[name] for name, code in first.items() if self.chosen.get(name, code) != code}

    def _send(self, said: Said, first: dict[str, str]) -> Any:
        answer = self._answer(said.method, said.path, said.token, lambda: said.text(self._renamed(first)))
        if "lot" in answer:
            self.first.setdefault(said.path, answer["lot"])
            self.chosen[said.path] = answer["lot"]
        return answer

    def _answer(self, method: str, path: str, token: str, text: Callable[[], str]) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        deadline, refused = time.monotonic() + PATIENCE, 0.0
        while time.monotonic() < deadline:
            try:
                answer = self.http.request(method, path, content=text(), headers=headers)
            except httpx.HTTPError as error:
                self.unanswered[f"{path}: {error!r}"] += 1
            else:
                if answer.status_code < 500:
                    self._heard(path, answer.headers.get(EPOCH))
                if answer.status_code < 300:
                    return loads(answer.content)
                if answer.status_code < 500 and b'"skill-missing"' not in answer.content:
                    refused = refused or time.monotonic()
                    if time.monotonic() - refused > EPOCH_IS_TOLD and not self.forgotten:
                        raise AssertionError(f"{self.name} {method} {path}: {answer.status_code} {answer.text[:300]}")
                elif answer.status_code >= 500:
                    self.unanswered[f"{path}: {answer.status_code} {answer.text[:100]}"] += 1
                self._remind()  # it may be refused for want of what was said before
            self.retries += 1
            time.sleep(0.1)  # as a device does: the same again, until it is answered
        raise AssertionError(f"{self.name} {method} {path}: no answer for {PATIENCE:.0f} s")

    def _heard(self, path: str, epoch: str | None) -> None:
        """Each web process looks at its log every 2 s: for so long some still tell the epoch before."""
        if epoch is not None:
            known = self.epochs.setdefault(path.split("/")[1], set())
            self.forgotten |= bool(known) and epoch not in known
            known.add(epoch)

    def tell_again(self, url: str) -> Actor:
        """Say the same, in the same order, to another system; who said it there."""
        other = Actor(url, self.name, self.tokens)
        for said in self.said:
            other._send(said, self.first)
        return other
