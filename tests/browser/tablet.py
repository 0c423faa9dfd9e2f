"""A tablet with a disk, and a power switch that pulls the plug."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import TABLET, complain
from tests.waiting import PATIENCE, until


class Tablet:
    """A tablet with a disk: what its browser has written survives the browser."""

    def __init__(self, launch: Callable[..., BrowserContext], folder: Path, url: str) -> None:
        self.launch, self.folder, self.url = launch, folder, url
        self.complaints: list[str] = []
        self.context: BrowserContext
        self.page: Page

    def on(self, *, network: bool = True) -> Page:
        """Switch it on; its browser's first page."""
        self.context = self.launch(self.folder, base_url=self.url, timezone_id="Asia/Makassar", **TABLET)
        self.page = self.context.pages[0]
        complain(self.page, self.complaints)
        self.context.set_offline(not network)
        return self.page

    def kill(self) -> None:
        """The power fails: every process of its browser is gone at once."""
        mine = [
            one
            for one in psutil.process_iter(["cmdline"])
            if f"--user-data-dir={self.folder}" in (one.info["cmdline"] or [])
        ]
        assert mine
        for process in mine:
            with suppress(psutil.NoSuchProcess):
                for child in [*process.children(recursive=True), process]:
                    child.kill()
        psutil.wait_procs(mine, timeout=PATIENCE)

    def kept_without_network(self) -> None:
        """Wait until the page is on the device."""
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        until("all files are kept", lambda: bool(self.page.evaluate("navigator.serviceWorker.controller !== null")))
