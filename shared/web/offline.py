"""A screen that works without network: a shell, a manifest and a service worker that keeps its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from shared import jsontext
from shared.http.guard import PUBLIC, requires
from shared.web.assets import Asset, Assets, asset, packed_answer
from shared.web.pages import finish

_HTML, _SCRIPT = "text/html; charset=utf-8", "text/javascript; charset=utf-8"


@dataclass
class Offline:
    """One screen under `/{service}/{name}/`; its own files lie in `web/static/{name}/`, `main.js` begins.

    The shell holds no data and is the same for everybody; `settings` reach the modules as `data-…` of the body.
    """

    name: str
    title: tuple[str, str]
    settings: dict[str, str] = field(default_factory=dict)

    def blueprint(self, service: str, assets: Assets) -> Blueprint:
        """The shell at `/{name}/`, and beside it `sw.js` and `app.webmanifest`."""
        door = Blueprint(self.name, __name__)
        door.after_request(finish)
        kept = Kept(self, service, assets)

        @door.get(f"/{self.name}/")
        @requires(PUBLIC)
        def shell() -> Response:
            return packed_answer(kept.shell)

        @door.get(f"/{self.name}/sw.js")
        @requires(PUBLIC)
        def worker() -> Response:
            return packed_answer(kept.worker)

        @door.get(f"/{self.name}/app.webmanifest")
        @requires(PUBLIC)
        def manifest() -> Response:
            return packed_answer(kept.manifest)

        return door


class Kept:
    """What a screen consists of; its version is a hash of everything, so any change is a new one."""

    def __init__(self, screen: Offline, service: str, assets: Assets) -> None:
        self.screen, self.service, self.assets = screen, service, assets
        self.paths = [path for path in assets.named("shared/", f"{screen.name}/") if path != "shared/worker.js"]
        self.style = f"{screen.name}/{screen.name}.css"

    @cached_property
    def shell(self) -> Asset:
        """The page without its data."""
        text = render_template("offline.html", screen=self.screen, service=self.service, style=self.style)
        return asset(text.encode(), _HTML)

    @cached_property
    def manifest(self) -> Asset:
        """What a tablet needs to put the screen on its home page."""
        icon = {"src": "../static/shared/icons/lapak.svg", "sizes": "any", "type": "image/svg+xml"}
        body = {"name": f"Lapak · {self.screen.title[0]}", "short_name": self.screen.title[0], "start_url": "./"}
        body |= {"display": "standalone", "theme_color": "#0d5c63", "background_color": "#f7f4ee"}
        return asset(jsontext.dumps(body | {"icons": [icon]}).encode(), "application/manifest+json")

    @cached_property
    def worker(self) -> Asset:
        """The service worker: what it keeps, then how."""
        tags = [self.shell.tag, self.manifest.tag, *(self.assets.files[path].tag for path in self.paths)]
        code = self.assets.files["shared/worker.js"]
        version = sha256("".join([*tags, code.tag]).encode()).hexdigest()[:16]
        files = ["./", "app.webmanifest", *(f"../static/{path}" for path in self.paths)]
        kept = jsontext.dumps({"screen": f"{self.service}-{self.screen.name}", "version": version, "files": files})
        return asset(f"const KEPT = {kept};\n".encode() + code.plain, _SCRIPT)
