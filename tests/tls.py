"""TLS in front of a server that has none: a certificate of our own, and a door that hands on what comes by TLS."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.clock import now
from tests.waiting import PATIENCE

HOST = "127.0.0.1"
_TLS = struct.pack("!II", 8, 80877103)  # how a client of PostgreSQL asks for it


@dataclass(frozen=True)
class Certificate:
    """Of 127.0.0.1, signed by itself: who trusts the file `public` trusts this server and no other."""

    public: Path
    private: Path


def certificate(folder: Path, name: str = "server") -> Certificate:
    """A new one, valid for an hour, in two files of a folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now() - timedelta(minutes=5))
        .not_valid_after(now() + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    found = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    found.public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    found.private.write_bytes(pem)
    return found


@contextmanager
def door(shown: Certificate, server: int, *, postgres: bool = False) -> Iterator[int]:
    """A port of 127.0.0.1 that leads to the port `server`, by TLS only; `postgres`: once asked as PostgreSQL is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.public, shown.private)

    async def lead(client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            if postgres:
                while await client.readexactly(8) != _TLS:
                    answers.write(b"N")  # to GSSAPI; who goes on without TLS gets no further
                answers.write(b"S")
                await answers.start_tls(context)
            beyond, questions = await asyncio.open_connection(HOST, server)
            await asyncio.gather(_hand_on(client, questions), _hand_on(beyond, answers))

    async def serve(opened: Future[tuple[int, Callable[[], object]]]) -> None:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        listening = await asyncio.start_server(lead, HOST, 0, ssl=None if postgres else context)
        opened.set_result((listening.sockets[0].getsockname()[1], lambda: loop.call_soon_threadsafe(over.set)))
        await over.wait()
        listening.close()  # asyncio.run ends those who are on their way

    opened: Future[tuple[int, Callable[[], object]]] = Future()
    with ThreadPoolExecutor(1) as thread:
        serving = thread.submit(lambda: asyncio.run(serve(opened)))
        port, close = opened.result(PATIENCE)
        try:
            yield port
        finally:
            close()
            serving.result()


async def _hand_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()
