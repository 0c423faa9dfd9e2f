"""Errors that a caller of the API may see. A use case defines its own beside itself, below one of these."""

from __future__ import annotations

from typing import Any, ClassVar


class Problem(Exception):
    """A refusal with a reason, answered as `application/problem+json` (RFC 9457).

    `extra` become members of the answer beside `detail`, e.g. the makers that lack a skill.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad-request"
    title: ClassVar[str] = "The request cannot be carried out"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.extra = extra


class Unauthorized(Problem):
    status = 401
    code = "unauthorized"
    title = "A valid token is needed"


class Forbidden(Problem):
    status = 403
    code = "forbidden"
    title = "The token does not reach this far"


class NotFound(Problem):
    status = 404
    code = "not-found"
    title = "There is no such thing here"


class Conflict(Problem):
    status = 409
    code = "conflict"
    title = "This contradicts what is already recorded"


class Invalid(Problem):
    """422: the shape or a value is wrong; `errors` maps field paths (`lines.0.quantity`) to messages."""

    status = 422
    code = "invalid"
    title = "Some fields are not valid"

    def __init__(self, errors: dict[str, list[str]], detail: str = "") -> None:
        super().__init__(
            detail or "; ".join(f"{path}: {' '.join(text)}" for path, text in errors.items()), errors=errors
        )


def flatten(messages: Any, path: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages as `{"lines.0.quantity": ["…"]}`; `_schema` is the thing itself."""
    if isinstance(messages, dict):
        found: dict[str, list[str]] = {}
        for key, inner in messages.items():
            step = path if key == "_schema" else f"{path}.{key}" if path else str(key)
            for where, texts in flatten(inner, step).items():
                found.setdefault(where, []).extend(texts)
        return found
    texts = messages if isinstance(messages, list) else [messages]
    return {path or "body": [str(text) for text in texts]}
