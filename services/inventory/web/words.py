"""Why something was refused, in the words of the people who use the pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from services.inventory.web.naming import Names
from shared.errors import Problem
from shared.web.language import number, t


def told(problem: Problem | None, names: Names | None = None, lines: Sequence[str] = ()) -> list[str]:
    """Sentences that say what is wrong; none when nothing is. `lines` names the lines of the form, in order."""
    if problem is None:
        return []
    if "errors" in problem.extra:
        wrong = problem.extra["errors"]
        return [f"{_field(path, lines)}: {' '.join(_fault(text) for text in texts)}" for path, texts in wrong.items()]
    say = _SENTENCES.get(problem.code)
    return say(problem.extra, names) if say else [problem.detail]


def _skill_missing(extra: dict[str, Any], _: Names | None) -> list[str]:
    makers = ", ".join(extra["makers"])
    return [
        t(
            "Belum bisa diterima: {makers} tidak punya keahlian {skill} yang berlaku pada hari pembuatan. "
            "Sertifikatnya dicatat di pelatihan; sesudah itu coba lagi.",
            "It cannot be accepted yet: {makers} did not hold the skill {skill} on the day it was made. "
            "Certificates are recorded by training; try again after that.",
            makers=makers,
            skill=extra["skill"],
        )
    ]


def _recorder(_: dict[str, Any], __: Names | None) -> list[str]:
    return [
        t(
            "Yang mencatat tidak boleh memutuskan. Minta petugas lain.",
            "Who recorded it may not decide about it. Ask a colleague.",
        )
    ]


def _decided(extra: dict[str, Any], _: Names | None) -> list[str]:
    accepted = extra.get("decision") == "accepted"
    return [
        t("Sudah diterima oleh petugas lain.", "A colleague has accepted it already.")
        if accepted
        else t("Sudah ditolak oleh petugas lain.", "A colleague has rejected it already.")
    ]


def _too_much(extra: dict[str, Any], names: Names | None) -> list[str]:
    return [
        t(
            "{goods}: diminta {wanted}, di rak hanya ada {there}.",
            "{goods}: {wanted} asked for, only {there} on the shelf.",
            goods=names.goods(line["sku"], line["lot"]) if names else f"{line['sku']} {line['lot']}",
            wanted=number(line["wanted"]),
            there=number(line["on_hand"]),
        )
        for line in extra["lines"]
    ]


def _nothing_open(_: dict[str, Any], __: Names | None) -> list[str]:
    return [t("Selisih ini sudah diselesaikan.", "This difference is settled already.")]


def _recalled(_: dict[str, Any], __: Names | None) -> list[str]:
    return [t("Nomor ini sudah ditarik dengan alasan lain.", "This lot has been recalled already, for another reason.")]


def _conflict(_: dict[str, Any], __: Names | None) -> list[str]:
    return [
        t(
            "Formulir ini sudah tersimpan dengan isi lain. Buka lagi dari daftar.",
            "This form was saved before with other content. Open it again from the list.",
        )
    ]


_SENTENCES: dict[str, Callable[[dict[str, Any], Names | None], list[str]]] = {
    "skill-missing": _skill_missing,
    "recorder-is-approver": _recorder,
    "already-decided": _decided,
    "insufficient-stock": _too_much,
    "nothing-open": _nothing_open,
    "already-recalled": _recalled,
    "conflict": _conflict,
}


def _field(path: str, lines: Sequence[str]) -> str:
    first, _, rest = path.partition(".")
    index = rest.partition(".")[0]
    if first == "lines" and index.isdigit() and int(index) < len(lines):
        return lines[int(index)]
    labels = {
        "good": t("Jumlah baik", "Good"),
        "rejected": t("Jumlah gagal", "Rejected"),
        "damaged": t("Jumlah rusak", "Damaged"),
        "reason": t("Alasan", "Reason"),
        "reason_code": t("Alasan", "Reason"),
        "lines": t("Barang", "Goods"),
        "from": t("Dari", "From"),
        "outlet": t("Ke", "To"),
        "location": t("Tempat", "Place"),
        "copies": t("Jumlah lembar", "Copies"),
        "lot": t("Nomor produksi", "Lot"),
        "q": t("Cari", "Search"),
        "id": t("nomor formulir", "number of the form"),
    }
    return labels.get(first, path)


def _fault(text: str) -> str:
    """A schema's or use case's message in the language of the page; one not known here as it is."""
    known = {
        "Missing data for required field.": t("harus diisi.", "fill this in."),
        "Not a number.": t("bukan angka.", "not a number."),
        "Not a valid integer.": t("bukan bilangan bulat.", "not a whole number."),
        "Not a valid UUID.": t("buka formulirnya lagi.", "open the form again."),
        "Lies in the future.": t("belum terjadi.", "has not happened yet."),
        "At most 3 decimals.": t("paling banyak 3 angka di belakang koma.", "at most 3 decimals."),
        "Must be more than 0 and at most 100,000.": t(
            "harus lebih dari 0 dan paling banyak 100.000.", "must be more than 0 and at most 100,000."
        ),
        "Must be at least 0 and at most 100,000.": t(
            "tidak boleh kurang dari 0 atau lebih dari 100.000.", "must not be below 0 or above 100,000."
        ),
        "Length must be between 1 and 500.": t("isi 1 sampai 500 baris atau huruf.", "1 to 500 lines or letters."),
        "String does not match expected pattern.": t("tanda ini tidak dipakai.", "not a valid code."),
        "No such lot of this product.": t("nomor produksi ini tidak dikenal.", "this lot is not known."),
        "One of `from` and `outlet` is a workshop, the other an outlet.": t(
            "pilih satu bengkel dan satu gerai.", "choose one workshop and one outlet."
        ),
    }
    return known.get(text, text)
