"""Files that pages need, served from memory: shared ones under `shared/`, a service's own beside them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path

from flask import Response, request
from werkzeug.wrappers import Response as Answer

from shared.errors import NotFound

_SHARED = Path(__file__).parent / "static"
_SERVICES = Path(__file__).resolve().parents[2] / "services"
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, plain and compressed."""

    plain: bytes
    packed: bytes
    tag: str
    type: str


class Assets:
    """The files of one service by their path below `/{service}/static/`, e.g. `shared/base.css`."""

    def __init__(self, service: str) -> None:
        own = _SERVICES / service / "web" / "static"
        self.files: dict[str, Asset] = {}
        for root, prefix in ((_SHARED, "shared/"), (own, "")):
            for path in sorted(root.rglob("*")) if root.is_dir() else []:
                if path.is_file():
                    self.files[prefix + path.relative_to(root).as_posix()] = _read(path)

    def named(self, *prefixes: str) -> list[str]:
        """The paths that begin with one of these."""
        return [path for path in self.files if path.startswith(prefixes)]

    def answer(self, path: str) -> Answer:
        """The file, or 304 when the browser has it. Raises NotFound."""
        if (asset := self.files.get(path)) is None:
            raise NotFound("No such file.")
        return packed_answer(asset)


def packed_answer(asset: Asset) -> Answer:
    """An asset as an answer: compressed when that is understood; the browser asks each time whether it has changed."""
    small = "gzip" in request.headers.get("Accept-Encoding", "")
    answer: Answer = Response(asset.packed if small else asset.plain, content_type=asset.type)
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Vary"] = "Accept-Encoding"
    if small:
        answer.headers["Content-Encoding"] = "gzip"
    answer.set_etag(asset.tag, weak=True)
    return answer.make_conditional(request)


def asset(plain: bytes, type: str) -> Asset:
    """Bytes made ready to be sent."""
    return Asset(plain, gzip.compress(plain, 9, mtime=0), sha256(plain).hexdigest()[:24], type)


def _read(path: Path) -> Asset:
    known = _TYPES.get(path.suffix) or guess_type(path.name)[0] or "application/octet-stream"
    return asset(path.read_bytes(), known)
