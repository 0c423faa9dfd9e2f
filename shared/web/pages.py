"""Pages made on the server: who is not signed in is led to the door, what is refused is said in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request
from marshmallow import EXCLUDE, Schema, ValidationError

from shared.errors import Forbidden, Invalid, Problem, Unauthorized, flatten
from shared.web import language
from shared.web.language import t

#: Only our own files, no inline script or style, nothing that turns text into markup or code.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types lapak"
)
_YEAR = 365 * 86_400


class Pages(Blueprint):
    """Pages of a service, with templates in `templates/` beside the module; each view still names its roles."""

    def __init__(self, name: str, import_name: str) -> None:
        super().__init__(name, import_name, template_folder="templates")
        self.register_error_handler(Unauthorized, _to_the_door)
        self.register_error_handler(Problem, _refused)
        self.after_request(finish)


def finish(response: Response) -> Response:
    """The headers of a page; a language that was asked for is remembered."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if request.args.get("lang") in language.LANGUAGES:
        response.set_cookie(language.COOKIE, language.lang(), max_age=_YEAR, samesite="Lax", secure=request.is_secure)
    return response


def show(template: str, status: int = 200, **values: Any) -> Response:
    """A page; `token` is who looks at it, or None."""
    service = current_app.name
    return make_response(render_template(template, service=service, token=g.get("token"), **values), status)


def form(schema: Schema, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The posted form, read by a schema; empty fields are absent. Raises Invalid."""
    given = request.form.to_dict() if values is None else values
    filled = {key: value for key, value in given.items() if value not in ("", None)}
    try:
        loaded: dict[str, Any] = schema.load(filled, unknown=EXCLUDE)
    except ValidationError as error:
        raise Invalid(flatten(error.messages)) from None
    return loaded


def _to_the_door(_: Unauthorized) -> Any:
    if request.method != "GET":
        return _refused(Unauthorized(t("Anda sudah keluar. Masuk lagi.", "You are signed out. Sign in again.")))
    return redirect(f"/{current_app.name}/sign-in?next={request.path}")


def _refused(error: Problem) -> Response:
    titles = {
        401: t("Silakan masuk dulu", "Please sign in first"),
        403: t("Anda tidak berwenang di sini", "You may not do this here"),
        404: t("Tidak ditemukan", "Not found"),
        409: t("Bertentangan dengan yang sudah tercatat", "This contradicts what is already recorded"),
        422: t("Ada isian yang belum benar", "Some fields are not right yet"),
    }
    title = titles.get(error.status, error.title)
    hint = f"/{current_app.name}/sign-in" if isinstance(error, (Forbidden, Unauthorized)) else None
    return show("problem.html", error.status, title=title, problem=error, sign_in=hint)
