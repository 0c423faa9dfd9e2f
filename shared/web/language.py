"""Indonesian by default, English by a switch; numbers and dates as each writes them.

A text stands in both languages where it is used, `t("Simpan", "Save")`: nobody can change one and forget the other.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from babel import dates, numbers
from flask import g, request
from markupsafe import Markup

from shared.clock import MAKASSAR, now

COOKIE = "lapak-lang"
LANGUAGES = ("id", "en")


def lang() -> str:
    """The language of this request's page: `?lang=`, else what was chosen before, else Indonesian."""
    if "lang" not in g:
        wanted = (request.args.get("lang"), request.cookies.get(COOKIE))
        g.lang = next((one for one in wanted if one in LANGUAGES), "id")
    return str(g.lang)


def t(id: str, en: str, /, **values: object) -> str:
    """The text in the language of the page; `{name}` stand for values."""
    text = en if lang() == "en" else id
    return text.format(**values) if values else text


def name_of(names: object) -> str:
    """A name kept in both languages, `{"id": …, "en": …}` or an object with these attributes, in the page's."""
    if isinstance(names, dict):
        return str(names.get(lang()) or names.get("id"))
    return str(getattr(names, lang(), names))


def other_language() -> dict[str, str]:
    """The other language, its name, and the address of this same page in it."""
    other, name = ("en", "English") if lang() == "id" else ("id", "Bahasa Indonesia")
    return {"code": other, "name": name, "address": "?" + urlencode({**request.args.to_dict(), "lang": other})}


def _locale() -> str:
    return {"id": "id_ID", "en": "en_GB"}[lang()]


def number(value: Decimal | float) -> str:
    """A count or quantity, with at most 3 decimals: 1.250,5 in Indonesian."""
    return numbers.format_decimal(value, "#,##0.###", locale=_locale())


def rupiah(value: int) -> str:
    """An amount of money: Rp 12.500. (The space does not break.)"""
    return f"{'−' if value < 0 else ''}Rp\u00a0{number(abs(value))}"


def day(value: date) -> str:
    """A day: 24 Nov 2026."""
    return dates.format_date(value, "d MMM y", locale=_locale())


def moment(value: datetime) -> Markup:
    """An instant in Makassar's time, as an element that also tells machines."""
    shown = dates.format_datetime(value.astimezone(MAKASSAR), "d MMM y, HH:mm", locale=_locale())
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), shown)


def age(value: datetime) -> str:
    """How long ago: "3 jam", "3 hours"."""
    return dates.format_timedelta(max(now() - value, timedelta(minutes=1)), granularity="minute", locale=_locale())


def span(seconds: float) -> str:
    """A time span in the coarsest unit that says something: "40 dtk", "7 mnt", "5 jam", "3 hari"."""
    units = ((86_400, t("hari", "d")), (3600, t("jam", "h")), (60, t("mnt", "min")))
    size, unit = next((one for one in units if seconds >= 2 * one[0]), (1, t("dtk", "s")))
    return f"{int(seconds // size)}\u00a0{unit}"


def role_name(role: str) -> str:
    """What a person is here, in words."""
    return {
        "staff": t("petugas", "staff"),
        "instructor": t("instruktur", "instructor"),
        "outlet": t("pengelola gerai", "outlet manager"),
        "city": t("kantor kota", "city office"),
        "treasurer": t("bendahara penerimaan", "receipts treasurer"),
        "auditor": t("pemeriksa", "auditor"),
        "operator": "operator",
        "register": t("kasir", "register"),
        "terminal": "terminal",
    }.get(role, role)


#: What every template may use.
HELPERS = {
    "age": age,
    "day": day,
    "lang": lang,
    "moment": moment,
    "name_of": name_of,
    "number": number,
    "other_language": other_language,
    "role_name": role_name,
    "rupiah": rupiah,
    "span": span,
    "t": t,
}
