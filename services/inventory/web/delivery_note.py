"""The delivery note (surat jalan) as a PDF, in the layout that drivers and guards know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import normalize

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos
from fpdf.fonts import FontFace

_FONT = "Helvetica"
_ROWS = ("No", "SKU", "Nama barang", "Nomor produksi", "Jumlah", "Satuan")
_WIDTHS = (10, 26, 68, 38, 22, 22)
_SIGNING = ("Yang menyerahkan", "Pengantar", "Yang menerima")


@dataclass(frozen=True, slots=True)
class Note:
    """What stands on it, as text; each line is sku, name, lot, quantity, unit."""

    number: str
    day: str
    source: str
    target: str
    lines: Sequence[tuple[str, str, str, str, str]]
    total: str


def pdf(note: Note) -> bytes:
    """The note on A4, on as many pages as its lines need, with room for three signatures."""
    paper = FPDF(format="A4")
    paper.core_fonts_encoding = "cp1252"
    paper.set_margins(12, 12, 12)
    paper.set_auto_page_break(True, 15)
    paper.set_title(f"Surat jalan {note.number}")
    paper.set_lang("id")
    paper.add_page()
    _head(paper, note)
    _table(paper, note)
    _signatures(paper)
    return bytes(paper.output())


def _line(paper: FPDF, text: str, size: int, *, style: str = "", align: Align = Align.C) -> None:
    paper.set_font(_FONT, style, size)
    paper.cell(0, size * 0.5, _printable(text), align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _head(paper: FPDF, note: Note) -> None:
    _line(paper, "KEMENTERIAN IMIGRASI DAN PEMASYARAKATAN", 10)
    _line(paper, "LEMBAGA PEMASYARAKATAN KELAS I MAKASSAR", 13, style="B")
    _line(paper, "Bidang Kegiatan Kerja · Makassar, Sulawesi Selatan", 10)
    paper.ln(2)
    paper.line(12, paper.get_y(), paper.w - 12, paper.get_y())
    paper.ln(5)
    _line(paper, "SURAT JALAN", 15, style="BU")
    paper.ln(4)
    for label, text in (("Nomor", note.number), ("Tanggal", note.day), ("Dari", note.source), ("Kepada", note.target)):
        paper.set_font(_FONT, "", 11)
        paper.cell(25, 6.5, label)
        paper.multi_cell(0, 6.5, _printable(f": {text}"), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.ln(3)


def _table(paper: FPDF, note: Note) -> None:
    paper.set_font(_FONT, "", 10)
    aligns = (Align.C, Align.L, Align.L, Align.L, Align.R, Align.L)
    heading = FontFace(emphasis="BOLD", fill_color=(235, 235, 235))
    with paper.table(col_widths=_WIDTHS, text_align=aligns, headings_style=heading, line_height=6.5) as table:
        table.row(_ROWS)
        for index, line in enumerate(note.lines, 1):
            table.row([str(index), *(_printable(text) for text in line)])
    paper.set_font(_FONT, "B", 10)
    paper.cell(0, 8, f"Jumlah seluruhnya: {note.total}", align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _signatures(paper: FPDF) -> None:
    """All three on one page: nobody signs below goods that stand on another."""
    if paper.will_page_break(48):
        paper.add_page()
    paper.ln(8)
    paper.set_font(_FONT, "", 10)
    width = paper.epw / len(_SIGNING)
    blank = "(" + " " * 38 + ")"
    for texts, below in ((_SIGNING, 26), ([blank] * 3, 6), (["Nama dan tanggal"] * 3, 6)):
        for one in texts:
            paper.cell(width, 6, one, align=Align.C)
        paper.ln(below)


def _printable(text: str) -> str:
    """The text in the letters that the built-in fonts of a PDF have; an accent goes before its letter does."""
    if _known(text):
        return text
    return "".join(sign if _known(sign) else _plainer(sign) for sign in text)


def _plainer(sign: str) -> str:
    return "".join(part for part in normalize("NFKD", sign) if part.isascii()) or "?"


def _known(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
