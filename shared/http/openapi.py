"""`/openapi.json` (3.1) and a plain `/docs` page made from it: who may call what, with which body."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import Any

import flask_smorest  # type: ignore[import-untyped]
from flask import Blueprint, Flask, Response, current_app, render_template_string
from werkzeug.routing import Rule

from shared import jsontext
from shared.http.guard import PUBLIC, requires, roles_of

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}
_TEXTS = {
    "400": "The body is not JSON",
    "401": "No token, or not a valid one",
    "403": "The token does not reach this far",
    "404": "There is no such thing",
    "409": "This contradicts what is already recorded",
    "413": "The body is too large",
    "415": "The body is not declared as JSON",
    "422": "Some fields are not valid",
    "503": "The database cannot be reached",
}

_ONE_AT_A_TIME = Lock()

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ spec.info.title }}</title><style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2733}
code{background:#f1efe9;padding:.1em .35em;border-radius:4px;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:1.6rem 0 .2rem;border-top:1px solid #ddd;padding-top:1rem}b{color:#9c4a1a;min-width:4em}
</style><h1>{{ spec.info.title }}</h1>
<p>Machine readable: <a href="openapi.json">openapi.json</a>. Tokens: <code>Authorization: Bearer …</code></p>
{% for path, methods in spec.paths.items() %}{% for method, operation in methods.items() if method != "parameters" %}
<h2><b>{{ method|upper }}</b> <code>{{ path }}</code></h2>
<p>{{ operation.summary or "" }} {{ operation.description or "" }}<br>
<small>For: {{ operation["x-roles"]|join(", ") }}</small></p>{% endfor %}{% endfor %}</html>"""


class Api(flask_smorest.Api):  # type: ignore[misc]  # the library is not typed
    """Registers at once and describes when the description is asked for: most processes never are."""

    def init_app(self, app: Flask, **options: Any) -> None:
        self._undescribed: list[flask_smorest.Blueprint] = []
        super().init_app(app, **options)

    def register_blueprint(self, blp: flask_smorest.Blueprint, **options: Any) -> None:
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp, **options)
        self._undescribed.append(blp)

    def described(self) -> dict[str, Any]:
        """The description of all blueprints, as a document."""
        while self._undescribed:
            blp = self._undescribed.pop(0)
            blp.register_views_in_doc(self, self._app, self.spec, name=blp.name, parameters=None)
            self.spec.tag({"name": blp.name, "description": blp.description})
        found: dict[str, Any] = self.spec.to_dict()
        return found


def _template(rule: Rule) -> str:
    return (
        "".join(f"{{{part}}}" if dynamic else part for dynamic, part in rule._trace).partition("|")[2].replace("|", "")
    )


def _complete(app: Flask, spec: dict[str, Any]) -> dict[str, Any]:
    """Add what the decorators do not know: security, roles, and the problems that any operation may answer."""
    components = spec.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components["responses"] = {}
    rules = {
        (_template(rule), method.lower()): rule for rule in app.url_map.iter_rules() for method in rule.methods or ()
    }
    for path, operations in spec.get("paths", {}).items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            roles = roles_of(app, rules[path, method].endpoint)
            operation["x-roles"] = list(roles)
            operation["security"] = [] if PUBLIC in roles else [{"token": []}]
            responses = operation.setdefault("responses", {})
            for status in [code for code in responses if code == "default" or code in _TEXTS]:
                del responses[status]
            page = "text/html" in responses.get("200", {}).get("content", {})
            for status, text in _TEXTS.items():
                responses[status] = {"description": text, "content": content}
            if page:  # a page for people also says in HTML that there is no such thing
                html = {"text/html": {"schema": {"type": "string"}}}
                responses["404"] = {"description": _TEXTS["404"], "content": content | html}
    return spec


@lru_cache(maxsize=8)
def _spec(app: Flask, api: Api) -> dict[str, Any]:
    with _ONE_AT_A_TIME:
        return _complete(app, api.described())


def blueprint(service: str, api: Api) -> Blueprint:
    """`/openapi.json` and `/docs` below the service's prefix; neither needs a token."""
    door = Blueprint("openapi", __name__)

    def spec() -> dict[str, Any]:
        return _spec(current_app._get_current_object(), api)  # type: ignore[attr-defined]  # the app behind the proxy

    @door.get("/openapi.json")
    @requires(PUBLIC)
    def openapi_json() -> Response:
        return Response(jsontext.dumps(spec()), content_type="application/json")

    @door.get("/docs")
    @requires(PUBLIC)
    def docs() -> str:
        return render_template_string(_PAGE, spec=spec())

    return door
