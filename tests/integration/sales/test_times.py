"""When a fact happened: corrected where it can be computed, else a person is asked; never after its receipt (P8)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared.clock import business_day
from shared.jsontext import instant
from tests.integration.sales.device import RIGHT, Device
from tests.integration.sales.shop import LOT, REGISTER, Shop, created, recalled, returned, sale

DAY = timedelta(days=1)


def _kept(shop: Shop, sold: dict[str, Any]) -> dict[str, Any]:
    statement = text("SELECT effective_at, received_at, business_day, drift, timed_by FROM sale WHERE id = :id")
    with shop.database.transaction() as session:
        return dict(session.execute(statement, {"id": sold["id"]}).one()._mapping)


def _day(shop: Shop, sold: dict[str, Any]) -> date:
    found = _kept(shop, sold)["business_day"]
    assert isinstance(found, date)
    return found


def test_a_clock_put_right_before_sending_is_seen_through_by_the_monotonic_one(shop: Shop) -> None:
    now = datetime.now(UTC)
    device = Device(shop, "OUT-DKR-7", began=now - timedelta(hours=3))
    device.wrong = datetime(2019, 3, 1, tzinfo=UTC) - now
    opening = device.open(now - timedelta(hours=2))
    sales = [device.sell(now - timedelta(minutes=minutes)) for minutes in (90, 60, 30)]
    device.wrong = RIGHT
    device.send_opening(opening)
    results = device.post(*sales)
    assert [result["work_items"] for result in results] == [["clock-drift", "expired-lot"]] * 3
    for sold, minutes in zip(sales, (90, 60, 30), strict=True):
        kept, true = _kept(shop, sold), now - timedelta(minutes=minutes)
        assert abs(kept["effective_at"] - true) < timedelta(minutes=1)
        assert kept["timed_by"] == "run"
        assert abs(kept["drift"] - (now - datetime(2019, 3, 1, tzinfo=UTC)).total_seconds()) < 60


def test_without_a_monotonic_clock_money_is_not_on_a_day_years_ago_and_a_person_is_asked(shop: Shop) -> None:
    device = Device(shop, "OUT-DKR-7", began=datetime.now(UTC), monotonic=False)
    now = datetime.now(UTC)
    device.wrong = datetime(2019, 3, 1, tzinfo=UTC) - now
    sales = [device.sell(now - timedelta(minutes=minutes)) for minutes in (3, 2, 1)]
    device.wrong = RIGHT
    assert all("clock-drift" in result["work_items"] for result in device.post(*sales))
    assert {_day(shop, sold) for sold in sales} == {business_day(datetime.now(UTC))}


@pytest.mark.parametrize("told", ["1970-01-01T00:00:00Z", "2019-03-01T04:00:00Z", "2031-01-01T00:00:00Z", "tomorrow"])
def test_an_absurd_time_is_no_business_day(shop: Shop, told: str) -> None:
    moment = instant(datetime.now(UTC) + DAY) if told == "tomorrow" else told
    one = sale(sold_at=moment, shift_id=str(uuid4()))
    (result,) = shop.post(one, code="OUT-DKR-7")
    assert (result["status"], "clock-drift" in result["work_items"]) == ("recorded", True)
    assert _day(shop, one) == business_day(datetime.now(UTC))


@pytest.mark.parametrize("years", [0.5, 3.1])
def test_absurd_milliseconds_of_a_run_move_neither_their_own_sale_nor_its_neighbours(shop: Shop, years: float) -> None:
    """A run that would have begun before its own shift, or before anything was sold, says nothing."""
    now, long = datetime.now(UTC), int(years * 365 * 86_400_000)
    shift, run = str(uuid4()), str(uuid4())
    shop.open_shift(UUID(shift), "OUT-DKR-7", opened_at=instant(now - timedelta(hours=3)))
    told = {"shift_id": shift, "sold_at": instant(now - timedelta(hours=1))}
    low, own, high = (
        sale(register_no=no, **told, device_clock={"run": run, "ms": ms}) for no, ms in ((1, 0), (2, 0), (3, long))
    )
    shop.post(high, code="OUT-DKR-7")
    shop.post(low, code="OUT-DKR-7")
    shop.post(own, code="OUT-DKR-7", sent_at=instant(now), sent_clock={"run": run, "ms": long})
    assert {_day(shop, sold) for sold in (low, own, high)} == {business_day(now - timedelta(hours=1))}


def test_more_milliseconds_than_the_ledger_can_count_are_refused(shop: Shop) -> None:
    far = sale(device_clock={"run": str(uuid4()), "ms": 10**11 + 1}, shift_id=str(uuid4()))
    assert [result["status"] for result in shop.post(far, code="OUT-DKR-7")] != ["recorded"]


def test_a_lag_of_a_thousand_days_puts_nothing_into_the_future(shop: Shop) -> None:
    now = datetime.now(UTC)
    one = sale(sold_at=instant(now - timedelta(hours=1)), shift_id=str(uuid4()))
    (result,) = shop.post(one, code="OUT-DKR-7", sent_at=instant(now - timedelta(days=1000)))
    assert "clock-drift" in result["work_items"]
    kept = _kept(shop, one)
    assert kept["effective_at"] <= kept["received_at"]
    assert abs(kept["effective_at"] - (now - timedelta(hours=1))) < timedelta(minutes=1)  # what it said was possible


def test_a_number_lies_between_its_neighbours(shop: Shop) -> None:
    now = datetime.now(UTC)
    first, second, third = (
        sale(register_no=number, sold_at=instant(now - timedelta(days=days)), shift_id=str(uuid4()))
        for number, days in ((1, 3), (2, 40), (3, 2))
    )
    shop.post(first, third, code="OUT-DKR-7")
    (result,) = shop.post(second, code="OUT-DKR-7")
    assert "clock-drift" in result["work_items"]
    assert _day(shop, first) <= _day(shop, second) <= _day(shop, third)


def test_a_tablet_that_slept_over_night_keeps_yesterdays_sales_on_yesterday(shop: Shop) -> None:
    now = datetime.now(UTC)
    device = Device(shop, "OUT-DKR-7", began=now - timedelta(hours=3, minutes=10))
    right = {"run": device.run, "ms": 3_600_000, "at": now - timedelta(hours=29)}
    with shop.database.transaction() as session:  # the server has seen then that its clock was right in this run
        session.execute(text("INSERT INTO register_run VALUES ('OUT-DKR-7', :run, :ms, :at)"), right)
    # Its monotonic clock stood still for most of the day since: it is three hours on, ten minutes before it sends.
    evening = device.sell(now - timedelta(hours=24)) | {"device_clock": device.clock(now - timedelta(minutes=10))}
    (result,) = device.post(evening)
    assert "clock-drift" not in result["work_items"]
    assert abs(_kept(shop, evening)["effective_at"] - (now - timedelta(hours=24))) < timedelta(minutes=1)
    # Set back in that run, its clock would contradict what has been seen.
    device.wrong = timedelta(days=-2)
    (result,) = device.post(device.sell(now - timedelta(minutes=5)))
    assert "clock-drift" in result["work_items"]


def test_where_it_may_have_slept_or_been_set_a_person_is_asked(shop: Shop) -> None:
    now = datetime.now(UTC)
    device = Device(shop, "OUT-DKR-7", began=now - timedelta(days=2))
    one = device.sell(now - timedelta(hours=36)) | {"device_clock": device.clock(now - timedelta(minutes=10))}
    assert "clock-drift" in device.post(one)[0]["work_items"]


def test_shifts_and_returns_are_corrected_too(shop: Shop) -> None:
    now = datetime.now(UTC)
    device = Device(shop, "OUT-DKR-7", began=now - timedelta(hours=3))
    device.wrong = timedelta(days=-2000)
    opening, sold = device.open(now - timedelta(hours=2)), device.sell(now - timedelta(hours=1))
    back = returned(sold, 1, shift_id=device.shift, **device.fact("returned_at", now - timedelta(minutes=30)))
    close = device.fact("closed_at", now - timedelta(minutes=20)) | {"counted": {"cash": 100_000}}
    device.wrong = RIGHT
    device.send_opening(opening)
    device.post(sold)
    till = shop.till(device.code)
    answer = till.call("POST", f"/registers/{device.code}/returns", {"returns": [back], **device.sending()})
    assert answer.body["results"][0]["work_items"] == ["clock-drift"]
    assert till.call("POST", f"/shifts/{device.shift}/close", close | device.sending()).status == 200
    kept = till.get(f"/returns/{back['id']}")
    assert kept["business_day"] == business_day(now - timedelta(minutes=30)).isoformat()
    with shop.database.transaction() as session:
        rows = session.execute(text("SELECT effective_at FROM shift_close")).all()
        opened = session.execute(text("SELECT effective_at FROM shift WHERE id = :id"), {"id": device.shift}).one()
    assert abs(rows[0].effective_at - (now - timedelta(minutes=20))) < timedelta(minutes=1)
    assert abs(opened.effective_at - (now - timedelta(hours=2))) < timedelta(minutes=1)
    assert "shift-closed" not in shop.open_items()


def test_lots_expire_and_are_recalled_by_corrected_times(shop: Shop) -> None:
    now = datetime.now(UTC)
    sold = now - timedelta(minutes=9)
    shop.hear(created("FRESHLOT01", business_day(sold) + DAY), created("STALELOT01", business_day(sold) - DAY))
    shop.hear(recalled(now - timedelta(days=1), lot="FRESHLOT01"))
    device = Device(shop, "OUT-DKR-7", began=now - timedelta(hours=3))
    device.wrong = timedelta(days=-100)
    fresh, stale = (device.sell(sold) for _ in range(2))
    fresh["lines"][0]["lot"], stale["lines"][0]["lot"] = "FRESHLOT01", "STALELOT01"
    device.wrong = RIGHT
    first, second = device.post(fresh, stale)
    assert "recalled-lot" in first["work_items"]
    assert "expired-lot" in second["work_items"]


def test_a_sale_and_a_close_of_one_run_are_told_apart_by_its_milliseconds(shop: Shop) -> None:
    now = datetime.now(UTC)
    device = Device(shop, "OUT-DKR-7", began=now - timedelta(hours=3))
    device.send_opening(device.open(now - timedelta(hours=2)))
    before, after = device.sell(now - timedelta(minutes=31)), device.sell(now - timedelta(minutes=29))
    close = device.fact("closed_at", now - timedelta(minutes=30)) | {"counted": {"cash": 0}}
    path = f"/shifts/{device.shift}/close"
    assert shop.till(device.code).call("POST", path, close | device.sending()).status == 200
    first, second = device.post(before, after)
    assert (first["work_items"], second["work_items"]) == (["expired-lot"], ["expired-lot", "shift-closed"])


def test_a_close_by_a_clock_of_years_ago_makes_no_sale_one_after_it(shop: Shop) -> None:
    """Its battery was empty in between: another run, in 2019, which nobody can put right when the close arrives."""
    now = datetime.now(UTC)
    before = Device(shop, "OUT-DKR-7", began=now - timedelta(hours=3))
    before.send_opening(before.open(now - timedelta(hours=2)))
    sold = before.sell(now - timedelta(hours=1))
    before.post(sold)
    after = Device(shop, "OUT-DKR-7", began=now - timedelta(minutes=30))
    after.wrong = datetime(2019, 3, 1, tzinfo=UTC) - now
    close = after.fact("closed_at", now - timedelta(minutes=20)) | {"counted": {"cash": 0}}
    now_right = Device(shop, "OUT-DKR-7", began=now)
    answer = shop.till("OUT-DKR-7").call("POST", f"/shifts/{before.shift}/close", close | now_right.sending())
    assert answer.status == 200
    assert "shift-closed" not in shop.open_items()


def test_right_sales_stay_right_though_they_are_sent_by_a_clock_of_years_ago(shop: Shop) -> None:
    """The clock was seen right in the run of the sales; then the device began anew, in 2019, with network."""
    now = datetime.now(UTC)
    before = Device(shop, "OUT-DKR-7", began=now - timedelta(hours=3))
    before.send_opening(before.open(now - timedelta(hours=2)))
    before.post(before.sell(now - timedelta(minutes=90)))
    sold = before.sell(moment := datetime.now(UTC))
    after = Device(shop, "OUT-DKR-7", began=now)
    after.wrong = datetime(2019, 3, 1, tzinfo=UTC) - now
    shop.post(sold, code=before.code, **after.sending())
    statement = text("SELECT effective_at, time_sure FROM sale WHERE id = :id")
    with shop.database.transaction() as session:
        kept = session.execute(statement, {"id": sold["id"]}).one()
    assert kept.time_sure is True
    assert abs(kept.effective_at - moment) < timedelta(seconds=1)


def test_older_code_beside_the_new_schema_still_records(shop: Shop) -> None:
    """What it has worked out itself is not believed beyond the receipt either."""
    one = sale(sold_at="2031-01-01T00:00:00Z", lot=None)
    one.pop("lot")
    (result,) = shop.post(one)
    assert result["status"] == "recorded"
    assert _kept(shop, one)["effective_at"] <= datetime.now(UTC) + timedelta(minutes=1)


ages = st.lists(st.integers(1, 3 * 24 * 60), min_size=1, max_size=5, unique=True).map(lambda m: sorted(m, reverse=True))
offsets = st.one_of(st.integers(-3000, -8), st.integers(4, 3000), st.integers(-3, 3))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=ages, days=offsets, put_right=st.integers(0, 6), monotonic=st.booleans())
def test_wrong_clocks_of_any_kind(shop: Shop, minutes: list[int], days: int, put_right: int, monotonic: bool) -> None:
    assume(monotonic or abs(days) > 3)  # nobody can tell a sale of the day before yesterday from a clock of that day
    now = datetime.now(UTC)
    shop.numbers += 1
    device = Device(shop, f"OUT-DKR-X{shop.numbers}", began=now - timedelta(days=4), monotonic=monotonic)
    known = device.sell(now - timedelta(days=3, minutes=1))  # it has sold before, and its clock was right
    device.post(known)
    device.run = str(uuid4()) if monotonic else None  # and was begun anew since
    device.wrong, sales = timedelta(days=days), []
    for index, age in enumerate(minutes):
        if index == put_right:
            device.wrong = RIGHT
        sales.append(device.sell(now - timedelta(minutes=age)))
    never = put_right > len(minutes)
    device.wrong = device.wrong if never else RIGHT
    results = device.post(*sales)
    received = business_day(datetime.now(UTC))
    for index, (age, sold, result) in enumerate(zip(minutes, sales, results, strict=True)):
        day, true = _day(shop, sold), business_day(now - timedelta(minutes=age))
        asked = "clock-drift" in result["work_items"]
        assert result["status"] == "recorded"
        assert day <= received
        computed = (monotonic and abs(days) > 7) or never or index >= put_right
        assert day == true or (asked and not computed), (sold["sold_at"], day, true, result)


def test_the_device_the_server_and_the_drift_are_all_kept(shop: Shop) -> None:
    now = datetime.now(UTC)
    one = shop.sale(sold_at=instant(now - timedelta(days=300, minutes=5)))
    shop.post(one, sent_at=instant(now - timedelta(days=300)))
    shown = shop.register.get(f"/sales/{one['id']}")
    assert shown["sold_at"][:10] == instant(now - timedelta(days=300, minutes=5))[:10]
    assert abs(shown["drift"] - 300 * 86400) < 60
    assert shown["received_at"][:10] == instant(now)[:10]
    (event,) = shop.announced("SaleRecorded")
    assert abs(datetime.fromisoformat(event["effective_at"]) - (now - timedelta(minutes=5))) < timedelta(minutes=1)
    assert (event["register"], event["lines"][0]["lot"]) == (REGISTER, LOT)
