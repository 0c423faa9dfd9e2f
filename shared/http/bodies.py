"""Bodies that arrive slowly, or never: granian has a thread wait for each, without end.

So no more than half of a process's threads read bodies at the same moment; the others go on answering whatever needs
none. The gateway hands on a body of usual length once it is whole, and cuts off what takes longer than half a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore
from typing import Any

from werkzeug.exceptions import ServiceUnavailable

from shared import config

#: What anybody may send without a token: a code, and with it a form that was typed before.
PUBLIC_BYTES = 32 * 1024
_PATIENCE = 0.2  # s; a body that is there is read in a thousandth of it


@cache
def _room() -> BoundedSemaphore:
    """One for the process, however many services it answers for. Made where it is used: after the fork."""
    return BoundedSemaphore(max(1, int(config.get("LAPAK_WEB_THREADS")) // 2))


@contextmanager
def _reading() -> Iterator[None]:
    room = _room()
    if not room.acquire(timeout=_PATIENCE):
        raise ServiceUnavailable("Too many bodies are on their way here. Send it again.", retry_after=1)
    try:
        yield
    finally:
        room.release()


class _Body:
    """`wsgi.input`, read by few at a time."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, *size: int) -> bytes:
        """Up to so many bytes, or all."""
        with _reading():
            return bytes(self._body.read(*size))

    def readline(self, *size: int) -> bytes:
        """Up to the end of a line."""
        with _reading():
            return bytes(self._body.readline(*size))

    def readlines(self, *hint: int) -> list[bytes]:
        """All lines."""
        with _reading():
            return list(self._body.readlines(*hint))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readlines())


class FewReaders:
    """A WSGI app whose bodies are read by few threads at a time."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        environ["wsgi.input"] = _Body(environ["wsgi.input"])
        return self.app(environ, start_response)
