"""Oddities and troubles of registers, in the words of those who deal with them."""

from __future__ import annotations

from shared.errors import Problem
from shared.web.language import t

#: What a work item is called, and what it means and asks for; each in Indonesian and English.
_ODDITIES = {
    "unknown-sku": (
        ("Produk tidak dikenal", "Unknown product"),
        (
            "Kode produk ini belum terdaftar. Selesai sendiri begitu produknya terbit.",
            "This product code is not known yet. Closes by itself once the product is published.",
        ),
    ),
    "unknown-lot": (
        ("Nomor produksi tidak dikenal", "Unknown lot"),
        (
            "Nomor produksi pada nota tidak dikenal. Pilih nomor yang benar.",
            "The lot on the receipt is not known. Choose the right one.",
        ),
    ),
    "lot-missing": (
        ("Tanpa nomor produksi", "No lot number"),
        (
            "Barang dijual tanpa nomor produksi. Pilih nomornya supaya stok benar.",
            "Goods were sold without a lot. Choose it, so that stock is right.",
        ),
    ),
    "expired-lot": (
        ("Barang kedaluwarsa terjual", "Expired goods sold"),
        (
            "Periksa rak dan sisihkan sisanya.",
            "Check the shelf and put the rest aside.",
        ),
    ),
    "recalled-lot": (
        ("Barang yang ditarik terjual", "Recalled goods sold"),
        (
            "Sisihkan sisanya dan hubungi bengkel.",
            "Put the rest aside and call the workshop.",
        ),
    ),
    "no-stock": (
        ("Stok kurang dari nol", "Stock below nought"),
        (
            "Terjual lebih banyak dari yang diterima. Cek surat jalan yang belum diterima, atau hitung rak.",
            "More was sold than received. Look for a delivery not received yet, or count the shelf.",
        ),
    ),
    "price-differs": (
        ("Harga berbeda", "Price differs"),
        (
            "Harga di nota bukan harga yang berlaku saat itu.",
            "The receipt's price was not the one in force then.",
        ),
    ),
    "total-differs": (
        ("Jumlah nota tidak cocok", "Receipt does not add up"),
        (
            "Baris, total dan pembayaran tidak sama.",
            "Lines, total and payments disagree.",
        ),
    ),
    "shift-closed": (
        ("Terjual setelah kasir tutup", "Sold after the shift was closed"),
        (
            "Uangnya tidak ikut dihitung. Cek laci kasir.",
            "The money was not in the count. Check the drawer.",
        ),
    ),
    "shift-unknown": (
        ("Giliran kasir tidak dikenal", "Unknown shift"),
        (
            "Nota menyebut giliran yang belum terkirim. Selesai sendiri begitu datang.",
            "The receipt names a shift not heard of yet. Closes by itself once it comes.",
        ),
    ),
    "clock-drift": (
        ("Jam kasir meleset", "Register's clock is off"),
        (
            "Betulkan tanggal dan jam di perangkat kasir.",
            "Set the date and time of the device.",
        ),
    ),
    "number-reused": (
        ("Nomor nota dipakai dua kali", "Receipt number used twice"),
        (
            "Perangkat kasir mungkin diganti atau dipulihkan.",
            "The device may have been replaced or restored.",
        ),
    ),
    "refund-exceeds-sale": (
        ("Pengembalian melebihi penjualan", "Refund exceeds the sale"),
        (
            "Uang yang dikembalikan lebih dari yang dibayar.",
            "More was refunded than was paid.",
        ),
    ),
}


def oddity(code: str) -> tuple[str, str]:
    """What a work item is called, and what it means and asks for."""
    name, meaning = _ODDITIES.get(code, ((code, code), ("", "")))
    return t(*name), t(*meaning)


#: What may have hurt somebody, or lost money.
GRAVE = frozenset({"recalled-lot", "expired-lot", "refund-exceeds-sale", "total-differs"})


def trouble(name: str) -> str:
    """What is the matter with a register."""
    return {
        "missing": t("Nomor nota hilang", "Receipt numbers missing"),
        "long-shift": t("Kasir belum ditutup lebih dari sehari", "Shift open for more than a day"),
        "silent": t("Lama tidak terdengar", "Not heard of for long"),
        "unsent": t("Nota belum terkirim", "Receipts not sent yet"),
    }[name]


def owner(name: str) -> str:
    """Whose it is to deal with."""
    return t("kota", "city") if name == "city" else t("gerai", "outlet")


def refused(problem: Problem | None) -> str:
    """Why something was not saved, in a sentence; nothing when it was, or when fields say it themselves."""
    if problem is None or "errors" in problem.extra:
        return ""
    return {
        "already-closed": t("Sudah ditutup orang lain.", "Somebody else has closed it already."),
        "closed-otherwise": t("Sudah ditutup dengan catatan lain.", "It was closed with another note already."),
        "not-missing": t("Nomor ini sudah tidak hilang.", "This number is not missing any more."),
        "already-resolved": t("Sudah diselesaikan orang lain.", "Somebody else has dealt with it already."),
        "forbidden": t("Ini urusan kota.", "This is for the city to deal with."),
    }.get(problem.code, problem.detail)


def fault(text: str) -> str:
    """What is wrong with a field, in the language of the page; a message not known here as it is."""
    return {
        "Missing data for required field.": t("tidak ada.", "missing."),
        "Not a valid integer.": t("bukan bilangan bulat.", "not a whole number."),
        "Not a valid list.": t("bukan daftar.", "not a list."),
        "Not a valid UUID.": t("bukan nomor yang sah.", "not a valid id."),
        "Not a valid datetime.": t("bukan waktu yang sah.", "not a valid time."),
        "Unknown field.": t("tidak dikenal.", "not known."),
        "Not a number.": t("bukan angka.", "not a number."),
        "Field may not be null.": t("tidak boleh kosong.", "must not be empty."),
    }.get(text, text)
