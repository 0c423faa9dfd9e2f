"""Pages made on the server: who is not signed in is led to the door, what is refused is said in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request
from marshmallow import EXCLUDE, Schema, ValidationError

from shared.errors import Forbidden, Invalid, Problem, Unauthorized, flatten
from shared.http import problems
from shared.http.guard import asked_by_own_page
from shared.web import addresses, language, typed
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
        self.register_error_handler(Exception, _in_words)
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
    if request.method == "POST" and asked_by_own_page():
        kept = typed.of_this_request()
        return show("sign_in.html", 401, next=addresses.where_from() or "", problem=None, kept=kept, ended=True)
    if request.method != "GET":
        return _refused(Unauthorized(t("Anda sudah keluar. Masuk lagi.", "You are signed out. Sign in again.")))
    back = addresses.this_one()
    return redirect(f"/{current_app.name}/sign-in" + (f"?next={quote(back)}" if back else ""))


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


def _in_words(error: Exception) -> Response:
    """What happens to a page as to any request (too often, too much, no database): the same answer, for a person."""
    answer = problems.answer_to(error)
    if answer.status_code < 400:
        return answer
    title, detail = _words(answer.status_code)
    problem = Problem(detail)
    page = show("problem.html", answer.status_code, title=title, problem=problem, sign_in=None)
    if pause := answer.headers.get("Retry-After"):
        page.headers["Retry-After"] = pause
    return page


def _words(status: int) -> tuple[str, str]:
    again = t("Tunggu sebentar, lalu coba lagi.", "Wait a moment, then try again.")
    nothing = t("Tidak ada yang tersimpan. Kirim lagi sebentar lagi.", "Nothing was saved. Send it again in a moment.")
    known = {
        413: (t("Terlalu besar", "Too large"), t("Kirim lebih sedikit sekaligus.", "Send less at once.")),
        429: (t("Terlalu sering dicoba", "Tried too often"), again),
        503: (t("Belum bisa sekarang", "Not possible just now"), again if request.method == "GET" else nothing),
    }
    if status in known:
        return known[status]
    if status >= 500:
        safe = t("Sudah dicatat. Mengirim yang sama lagi aman.", "It was logged. Sending the same again is safe.")
        return t("Ada yang salah di sini", "Something went wrong here"), safe
    return t("Permintaan ini tidak bisa dijalankan", "The request cannot be carried out"), again
