"""A TCP proxy on every link of the system, in a process of its own: links are cut, slowed and left half-open.

python -m tests.chaos.proxy '{"redis": [LISTEN, TARGET], …}': takes one JSON object per line, `{"link", "mode",
"delay"}`, and says `held PORT` when it holds an answer back (PORT: its own port towards the target).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import deque
from typing import Any

from shared.local.children import die_with_parent

BUFFER = 1 << 18  # bytes that may wait for a slow reader before its writer is made to wait

#: open: as it comes; slow: each piece `delay` seconds late; cut: reset, and again at every attempt;
#: half-open: swallowed in silence; hold: questions pass, and answers are held back.
MODES = ("open", "slow", "cut", "half-open", "hold")


class Link:
    """One listening port and where it leads. What it swallowed anything of is reset once it opens again."""

    def __init__(self, name: str, target: int) -> None:
        self.name, self.target, self.mode, self.delay = name, target, "open", 0.0
        self.sides: set[Side] = set()
        self.tasks: set[asyncio.Task[None]] = set()

    def become(self, mode: str, delay: float) -> None:
        """Change the weather on this link."""
        self.mode, self.delay = mode, delay
        for side in list(self.sides):
            if mode == "cut" or side.spoilt:
                side.abort()

    def accept(self) -> Side:
        """A client has connected."""
        side = Side(self)
        task = asyncio.ensure_future(self._connect(side))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return side

    async def _connect(self, client: Side) -> None:
        try:
            _, server = await asyncio.get_running_loop().create_connection(
                lambda: Side(self, client), "127.0.0.1", self.target
            )
        except OSError:
            client.abort()
            return
        client.peer = server
        if client.transport is None or client.transport.is_closing() or self.mode == "cut":
            server.abort()
            client.abort()
        elif self.mode != "half-open":
            client.transport.resume_reading()


class Side(asyncio.Protocol):
    """One end of a connection through a link; `peer` is the other. The server's end knows its peer from the start."""

    def __init__(self, link: Link, peer: Side | None = None) -> None:
        self.link, self.peer, self.is_server = link, peer, peer is not None
        self.transport: asyncio.Transport | None = None
        self.spoilt = False
        self.late: deque[tuple[float, bytes]] = deque()  # delayed pieces, and when each leaves: none overtakes another

    def connection_made(self, transport: Any) -> None:
        """The client's end reads nothing until the server's is there."""
        self.transport = transport
        transport.set_write_buffer_limits(high=BUFFER)
        self.link.sides.add(self)
        if not self.is_server:
            transport.pause_reading()
            if self.link.mode in {"cut", "half-open"}:
                self.spoilt = True
            if self.link.mode == "cut":
                transport.abort()

    def data_received(self, data: bytes) -> None:
        """Pass on, late, or not at all."""
        mode, loop = self.link.mode, asyncio.get_running_loop()
        if mode == "hold" and self.is_server and not self.spoilt:
            print("held", self.transport.get_extra_info("sockname")[1] if self.transport else 0, flush=True)
        if self.spoilt or mode in {"half-open", "cut"} or (mode == "hold" and self.is_server):
            self.spoilt = True
            return
        if mode != "slow" and not self.late:
            self._pass(data)
            return
        moment = loop.time() + (self.link.delay if mode == "slow" else 0.0)
        self.late.append((max(moment, self._last_leaves()), data))
        if len(self.late) == 1:
            loop.call_at(self.late[0][0], self._pass_late)

    def _last_leaves(self) -> float:
        return self.late[-1][0] if self.late else 0.0

    def _pass_late(self) -> None:
        loop = asyncio.get_running_loop()
        while self.late and self.late[0][0] <= loop.time():
            self._pass(self.late.popleft()[1])
        if self.late:
            loop.call_at(self.late[0][0], self._pass_late)

    def _pass(self, data: bytes) -> None:
        if self.peer and self.peer.transport and not self.peer.transport.is_closing():
            self.peer.transport.write(data)

    def pause_writing(self) -> None:
        """Too much waits for us: the other end reads no more."""
        if self.peer and self.peer.transport:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        """We are through with it."""
        if self.peer and self.peer.transport and not self.peer.transport.is_closing():
            self.peer.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """One end is gone: so is the other, unless nobody could have heard of it yet."""
        self.link.sides.discard(self)
        if self.link.mode == "half-open" and self.peer:
            self.peer.spoilt = True  # it finds out when the link opens
        elif self.peer and self.peer.transport:
            loop = asyncio.get_running_loop()
            loop.call_at(max(self._last_leaves(), loop.time()) + 0.001, self.peer.transport.close)

    def abort(self) -> None:
        """Reset it."""
        if self.transport:
            self.transport.abort()


async def serve(links: dict[str, tuple[int, int]]) -> None:
    """Run until the pipe of commands ends."""
    known = {name: Link(name, target) for name, (_, target) in links.items()}
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(known[name].accept, "127.0.0.1", port) for name, (port, _) in links.items()]
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print("ready", flush=True)
    while line := await reader.readline():
        command = json.loads(line)
        known[command["link"]].become(command["mode"], command["delay"])
    for server in servers:
        server.close()


if __name__ == "__main__":
    die_with_parent(signal.SIGKILL, os.getppid())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it ends with the pipe of commands
    with contextlib.suppress(BrokenPipeError):
        asyncio.run(serve(json.loads(sys.argv[1])))
