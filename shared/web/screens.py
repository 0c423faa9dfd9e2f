"""All screens of one service, as blueprints to be registered below its prefix."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint
from werkzeug.wrappers import Response

from shared.http.guard import PUBLIC, requires
from shared.web import devices, language, signing_in
from shared.web.assets import Assets
from shared.web.devices import Revoke
from shared.web.offline import Offline
from shared.web.pages import Pages, finish


def screens(
    service: str, *, pages: Sequence[Pages] = (), offline: Sequence[Offline] = (), revoke: Revoke
) -> list[Blueprint]:
    """The service's own pages and offline screens, its static files, the door where people sign in, its devices.

    `revoke(session, jti=…, expires_at=…)` makes a token worthless.
    """
    assets = Assets(service)
    door = Blueprint("web", __name__, template_folder="templates")
    door.after_request(finish)
    door.app_context_processor(lambda: language.HELPERS)
    door.record_once(lambda state: state.app.extensions.update({signing_in.REVOKE: revoke}))

    @door.get("/static/<path:path>")
    @requires(PUBLIC)
    def static_file(path: str) -> Response:
        return assets.answer(path)

    own = [screen.blueprint(service, assets) for screen in offline]
    return [door, signing_in.pages, devices.pages(service, revoke), *own, *pages]
