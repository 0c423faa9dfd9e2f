"""Where pages lead: to where somebody came from, and never to another site, however its address is spelt."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st

from shared.auth import issue
from shared.web import addresses

OWN = {"Sec-Fetch-Site": "same-origin"}
SERVICES = ("inventory", "sales", "training")
STRANGE = [
    "https://evil.example/", "//evil.example/", "/\\evil.example/", "\\\\evil.example", "javascript:alert(1)",
    "/\t/evil.example/x", "/\n/evil.example/x", "/\r/evil.example", "\t//evil.example", " //evil.example", "/\x00/x",
    "/%09/evil.example", "/%0a/evil.example", "/%5cevil.example", "/%2f/evil.example", "/%252f/evil.example",
    "/sales/%0d%0aSet-Cookie:%20x=y", "/sales/\r\nSet-Cookie: x=y", "/sales/..//evil.example", "/./\\evil.example",
    "/..//evil.example", "/sales/%2e%2e//evil.example", "///evil.example", "////evil.example", "/sales//x",
    "/\u2028/evil.example", "/\uff0f/evil.example", "/\u2215evil.example", "/é", "/\ud800", "http:evil.example", "?x",
    "sales/", "#x", "/sales/#x", "/" + "x" * 5000, "/\u0009/evil.example", "/.//evil.example", "/%2e/%2fevil.example",
]  # fmt: skip


def _read_by_a_browser(text: str) -> Any:
    """An address as browsers read it: blanks around it and all tabs and line breaks go, `\\` is `/`."""
    tidy = re.sub(r"[\t\r\n]", "", text.strip("".join(map(chr, range(33))))).replace("\\", "/")
    return urlsplit(urljoin("https://lapak.example/sales/sign-in", tidy))


@given(st.text(st.sampled_from("/\\\t\n\r.%2f5c09ae:?#@é ")) | st.text())
@example("/sales/")
@example("/\t/evil.example")
@example("/[/")
def test_a_local_path_stays_here(text: str) -> None:
    found = addresses.local_path(text)
    if found is not None:
        for _ in range(3):
            assert _read_by_a_browser(found).netloc == "lapak.example"
            assert not _read_by_a_browser(found).path.startswith("//")
            found = unquote(found)


@pytest.mark.parametrize("text", STRANGE)
def test_a_strange_address_is_none_of_ours(text: str) -> None:
    assert addresses.local_path(text) is None


@pytest.mark.parametrize(
    "text", ["/", "/sales/", "/sales/reports?from=2026-01-01&to=2026-02-01", "/inventory/lots/AB%20C", "/x?next=//y"]
)
def test_an_address_of_ours_is(text: str) -> None:
    assert addresses.local_path(text) == text


def test_signing_in_leads_to_no_other_site(app_of: Callable[[str], Flask]) -> None:
    client = app_of("sales").test_client()
    headers = {"Authorization": f"Bearer {issue(role='operator', lifetime=timedelta(minutes=5))}"}
    for text in (text for text in STRANGE if "\ud800" not in text):
        page = client.get("/sales/sign-in", query_string={"next": text})
        assert page.status_code == 200, text
        assert 'name="next" value="/sales/"' in page.text, text
        made: Any = client.post("/sales/v1/pairings", json={"role": "city"}, headers=headers).json
        done = client.post("/sales/sign-in", data={"code": made["code"], "next": text}, headers=OWN)
        assert (done.status_code, done.headers["Location"]) == (303, "/sales/"), text
        client.delete_cookie("lapak-token")


@pytest.mark.parametrize("service", SERVICES)
def test_who_is_not_signed_in_comes_back_to_page_and_question(service: str, app_of: Callable[[str], Flask]) -> None:
    client = app_of(service).test_client()
    door = client.get(f"/{service}/?after=a%26b&lang=en").headers["Location"]
    assert urlsplit(door).path == f"/{service}/sign-in"
    assert f'value="/{service}/?after=a%26b&amp;lang=en"' in client.get(door).text


@pytest.mark.parametrize("service", SERVICES)
def test_no_address_breaks_a_redirect(service: str, app_of: Callable[[str], Flask]) -> None:
    """Whatever stands in path and query, at a page that sends on who is not signed in."""
    app = app_of(service)
    client = app.test_client()
    rules = [rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and "/v1" not in rule.rule]
    pages = {re.sub(r"<(uuid:|path:)?[^>]+>", "{}", rule) for rule in rules if "<" in rule}
    assert pages
    odd = ["%0a", "%0d%0aX:%20y", "%09", "%5c", "%2f%2fevil.example", "%ff%fe", "%C3%A9", "%00", "%25250a", ".."]
    for path in [*(page.replace("{}", spelt) for page in pages for spelt in odd), f"/{service}/?x=%0a%0d%ff"]:
        answer = client.get(path)
        assert answer.status_code < 500, path
        target = urlsplit(urljoin("http://localhost/", answer.headers.get("Location", "/")))
        assert target.netloc == "localhost", path
    for path in (
        "//evil.example/",
        f"//evil.example/{service}/",
        f"/{service}//evil.example/%2e%2e",
        "/\\evil.example",
    ):
        answer = client.get(path, base_url="http://localhost")
        assert answer.status_code < 500, path
        target = urlsplit(urljoin("http://localhost/", answer.headers.get("Location", "/")))
        assert target.netloc == "localhost", path
