"""A device's storage that does not answer, as a disk does that is busy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

_HOLD = """(name) => new Promise((held) => {
    indexedDB.open(name).onsuccess = ({ target }) => {
        const store = target.result.transaction(["kv", "records", "outbox"], "readwrite").objectStore("kv");
        const on = () => {
            held();
            if (!window.released) store.get("made").onsuccess = on;
        };
        on();
    };
})"""


@contextmanager
def held(page: Page, database: str) -> Iterator[None]:
    """Another page of this origin holds all of it."""
    other = page.context.new_page()
    other.goto("/sales/healthz")
    other.evaluate(_HOLD, database)
    page.bring_to_front()
    yield
    other.evaluate("() => { window.released = true; }")
    other.close()
