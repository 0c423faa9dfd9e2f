"""An online sale is one request: its answer carries what the register would else ask for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from shared.jsontext import instant
from tests.integration.sales.shop import OUTLET, REGISTER, SHIFT, Shop, published, returned

PATH = f"/registers/{REGISTER}/sales"


def _report(shop: Shop, **changes: Any) -> dict[str, Any]:
    return {"unsent": 0, "oldest_at": None, "version": "7", "catalogue": _etag(shop)} | changes


def _etag(shop: Shop) -> str:
    path = f"/sales/v1/catalogue?outlet={OUTLET}"
    return str(shop.app.test_client().get(path, headers=shop.register.headers).headers["ETag"])


def _send(shop: Shop, *sales: Any, report: dict[str, Any]) -> dict[str, Any]:
    answer = shop.register.call("POST", PATH, {"sales": list(sales), "report": report})
    assert answer.status == 200, answer
    return dict(answer.body["sync"])


def test_a_report_is_noted_and_answered(shop: Shop) -> None:
    first, _, third = shop.sale(), shop.sale(), shop.sale()
    told = _report(shop, unsent=3, oldest_at="2026-03-02T04:00:00Z")
    assert _send(shop, first, third, report=told) == {
        "last_no": 3,
        "missing": [2],
        "quarantined": [],
        "catalogue_changed": False,
    }
    assert "sync" not in shop.register.call("POST", PATH, {"sales": [first]}).body


def test_a_return_reports_too(shop: Shop) -> None:
    one = shop.sale()
    shop.post(one)
    body = {"returns": [returned(one, 1)], "report": _report(shop)}
    answer = shop.register.call("POST", f"/registers/{REGISTER}/returns", body)
    assert answer.body["sync"]["last_no"] == 1


def test_selling_does_not_change_the_catalogue_but_a_price_does(shop: Shop) -> None:
    told = _report(shop)
    assert _send(shop, shop.sale(5), report=told)["catalogue_changed"] is False
    shop.hear(published(version=2, list_price=7000))
    _etag(shop)  # another device looks: what is known of the catalogue is not older than that
    assert _send(shop, shop.sale(), report=told)["catalogue_changed"] is True
    assert _send(shop, shop.sale(), report=_report(shop))["catalogue_changed"] is False


@pytest.mark.parametrize("held", [None, "another", 'W/"0"'])
def test_whoever_holds_no_catalogue_hears_that_there_is_one(shop: Shop, held: str | None) -> None:
    body = {"sales": [shop.sale()], "report": _report(shop, catalogue=held)}
    answer = shop.register.call("POST", PATH, body)
    assert answer.status == 200
    assert answer.body["sync"]["catalogue_changed"] is True


def test_the_devices_monotonic_clock_is_part_of_the_content(shop: Shop) -> None:
    clock: dict[str, Any] = {"run": str(uuid4()), "ms": 1234}
    one = shop.sale(device_clock=clock)
    sent: dict[str, Any] = {"sent_at": instant(datetime.now(UTC)), "sent_clock": clock | {"ms": 2000}}
    assert shop.post(one, **sent)[0]["status"] == "recorded"
    assert shop.post(one)[0]["status"] == "duplicate"  # when it is sent is not content
    assert shop.post({**one, "device_clock": clock | {"ms": 1}})[0]["status"] == "conflict"
    assert shop.post({**one, "device_clock": None})[0]["status"] == "conflict"
    assert shop.post(shop.sale(device_clock={"run": "x", "ms": -1}))[0]["status"] == "quarantined"


def test_no_clock_by_null_or_by_nothing_is_the_same(shop: Shop) -> None:
    one = shop.sale()
    assert [shop.post(it)[0]["status"] for it in (one, {**one, "device_clock": None})] == ["recorded", "duplicate"]


def test_shifts_carry_clocks_too(shop: Shop) -> None:
    clock: dict[str, Any] = {"run": str(uuid4()), "ms": 5}
    sent: dict[str, Any] = {"sent_at": "2026-03-02T04:00:00Z", "sent_clock": clock | {"ms": 9}}
    shift = uuid4()
    assert shop.open_shift(shift, device_clock=clock, **sent).status == 201
    assert shop.open_shift(shift, device_clock=clock).status == 200
    assert shop.open_shift(shift).status == 409
    assert shop.open_shift(SHIFT, device_clock=None, **sent).status == 200
    body = {"closed_at": "2026-03-02T05:00:00Z", "counted": {"cash": 100_000}, "device_clock": clock | {"ms": 7}}
    path = f"/shifts/{shift}/close"
    assert shop.register.call("POST", path, body | sent).status == 200
    assert shop.register.call("POST", path, body).status == 200


@pytest.mark.parametrize(
    "beside",
    [
        {"report": {"unsent": -1}},
        {"report": "none"},
        {"report": {"unsent": 0, "catalogue": ""}},
        {"report": {"unsent": 0, "oldest_at": "+010000-01-01T00:00:00Z"}},
        {"sent_at": "+010000-01-01T00:00:00Z"},
        {"sent_clock": {"run": "none", "ms": -1}},
    ],
)
def test_what_cannot_be_read_beside_a_sale_does_not_keep_the_sale(shop: Shop, beside: dict[str, Any]) -> None:
    sale = shop.sale()
    answer = shop.register.call("POST", PATH, {"sales": [sale]} | beside)
    assert answer.status == 200, answer.body
    assert answer.body["results"][0]["status"] == "recorded"
    assert "sync" not in answer.body
