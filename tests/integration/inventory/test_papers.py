"""What staff print: labels that scan, the delivery note as a file, the course of a lot as a picture."""

from __future__ import annotations

import re
from io import BytesIO
from itertools import groupby

import segno
from barcode import Code128
from pypdf import PdfReader
from uuid_utils.compat import uuid7

from tests.integration.inventory.desk import Desk, Sheet
from tests.integration.inventory.goods import MAKER, OUTLET, SKU, WORKSHOP, Goods, product, returned, sold


def squares(page: Sheet, symbol: str) -> set[tuple[int, int]]:
    """The black modules of a drawing, as (x, y)."""
    drawn = page.text.split(f'<symbol id="{symbol}"')[1].split("</symbol>")[0]
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn)
    assert "".join(f"M{x} {y}h{n}v1h-{n}z" for x, y, n in runs) == drawn.split('d="')[1].split('"')[0]
    return {(int(x) + step, int(y)) for x, y, n in runs for step in range(int(n))}


def test_the_labels_qr_holds_the_public_address_and_its_barcode_the_number(goods: Goods, staff: Desk) -> None:
    lot = goods.lot(7)
    page = staff.get(f"lots/{lot}/label")
    code = segno.make(f"http://localhost/inventory/p/{lot}", error="m", micro=False)
    wanted = {(x + 4, y + 4) for y, row in enumerate(code.matrix) for x, black in enumerate(row) if black}
    assert squares(page, "qr") == wanted
    modules = Code128(lot).build()[0]
    assert squares(page, "bars") == {(x + 10, 0) for x, black in enumerate(modules) if black == "1"}
    assert max(len(list(run)) for _, run in groupby(modules)) <= 4  # it is one: no bar of Code 128 is wider


def test_there_is_a_label_for_each_good_piece_or_as_many_as_asked_for(goods: Goods, staff: Desk) -> None:
    lot = goods.lot(7, 2)
    assert staff.get(f"lots/{lot}/label").text.count('class="sticker"') == 7
    assert staff.get(f"lots/{lot}/label", copies=3).text.count('class="sticker"') == 3


def test_no_person_and_no_day_of_production_stands_on_a_label(goods: Goods, staff: Desk) -> None:
    page = staff.get(f"lots/{goods.lot()}/label")
    sticker = page.text.split('class="stickers"')[1].split("</main>")[0]
    assert MAKER not in page.text
    assert "2026-03-02" not in sticker
    assert "2 Mar 2026" not in sticker
    assert "7 Mar 2026" in sticker  # best before: five days later


def test_the_delivery_note_is_a_pdf_that_says_all_that_a_guard_reads(goods: Goods, staff: Desk) -> None:
    goods.staff.put(f"/products/{SKU}", product(name={"id": "Roti “isi” \u2013 ᨒ (ᨑ)", "en": "Bun"}))
    lot = goods.lot(1500)
    note = goods.draft(lot, 1250.5)
    answer = staff.get(f"consignments/{note}/delivery-note.pdf", lang="en")
    assert answer.status == 200
    text = PdfReader(BytesIO(answer.data)).pages[0].extract_text()
    for words in (
        "LEMBAGA PEMASYARAKATAN KELAS I MAKASSAR",
        "SURAT JALAN",
        f"-{note.replace('-', '')[-8:].upper()}",
        "Roti",
        "Dekranasda",
        SKU,
        "Roti “isi” \u2013 ? (?)",  # a file of ours holds Latin letters only
        lot,
        "1.250,5",
        "buah",
        "Yang menyerahkan",
        "Pengantar",
        "Yang menerima",
    ):
        assert words in text, words


def test_a_long_delivery_note_goes_on_with_its_heading_and_is_signed_on_one_page(goods: Goods, staff: Desk) -> None:
    lines = [{"sku": SKU, "lot": goods.lot(1), "quantity": 1} for _ in range(45)]
    identifier = str(uuid7())
    note = {"id": identifier, "from": WORKSHOP, "outlet": OUTLET, "lines": lines}
    assert goods.staff.post("/consignments", note).status == 201
    pages = PdfReader(BytesIO(staff.get(f"consignments/{identifier}/delivery-note.pdf").data)).pages
    texts = [page.extract_text() for page in pages]
    assert len(texts) > 1
    assert all("Nomor produksi" in text for text in texts[:2])
    assert sum("Yang menerima" in text for text in texts) == 1
    assert all(str(line["lot"]) in "".join(texts) for line in lines)


def drawn(page: Sheet, path: str) -> list[str]:
    return [re.sub(r"<[^>]*>", "", found).strip() for found in re.findall(path, page.text, re.DOTALL)]


def test_the_picture_of_a_lot_adds_up_whatever_happened_to_it(goods: Goods, staff: Desk) -> None:
    lot = goods.lot(100, 4)
    for outlet, sent, good, damaged in ((OUTLET, 40, 37, 1), ("OUT-MAL", 20, 20, 0)):
        note = goods.draft(lot, sent, to=outlet)
        assert goods.dispatch(note).status == 200
        count(goods, note, lot, outlet, good=good, damaged=damaged)
    sale = sold([(lot, 12)])
    goods.hear(sale, returned(sale, lot, 2, restock=True), returned(sale, lot, 1, restock=False))
    back = goods.draft(lot, 5, origin=OUTLET, to=WORKSHOP)
    assert goods.dispatch(back).status == 200
    lines = [{"sku": SKU, "lot": lot, "good": 5, "damaged": 0}]
    body = {"id": str(uuid7()), "received_at": "2026-03-04T01:00:00Z", "lines": lines}
    assert goods.second.post(f"/consignments/{back}/receipts", body).status == 201
    missing = goods.staff.get("/discrepancies", state="open")["items"][0]["id"]
    assert goods.second.post(f"/discrepancies/{missing}/resolution", {"reason_code": "lost"}).status == 200
    write_off(goods, lot, "OUT-MAL", 3)

    page = staff.get(f"lots/{lot}")
    boxes = [int(text) for text in drawn(page, r'class="sum">([^<]*)<')]
    #        made, workshop, transit, outlet, the other, sold
    assert boxes == [104, 45, 0, 22, 17, 9]
    dropped = sorted(int(text) for text in drawn(page, r'class="quantity beside"[^>]*>([^<]*)<'))
    assert dropped == [1, 3, 3, 4]  # returned broken; written off; damaged and lost; rejected
    assert sum(boxes[1:]) + sum(dropped) == boxes[0]
    arrows = sorted(int(text) for text in drawn(page, r'class="quantity"[^>]*>([^<]*)<'))
    assert arrows == sorted([100, 60, 37, 20, 12, 2, 5, 5])
    table = page.text.split('id="where"')[1].split("</table>")[0]
    assert re.search(r"<tfoot>.*>104<", table, re.DOTALL)


def count(goods: Goods, note: str, lot: str, outlet: str, *, good: int, damaged: int = 0) -> None:
    """The register of an outlet counts what arrived."""
    shop = goods.person("register", f"r-{outlet}", outlet=outlet, register=f"{outlet}-1")
    lines = [{"sku": SKU, "lot": lot, "good": good, "damaged": damaged}]
    body = {"id": str(uuid7()), "received_at": "2026-03-03T01:00:00Z", "lines": lines}
    assert shop.post(f"/consignments/{note}/receipts", body).status == 201


def write_off(goods: Goods, lot: str, location: str, quantity: int) -> None:
    """One proposes, another agrees."""
    off = {"id": str(uuid7()), "location": location, "lines": [{"sku": SKU, "lot": lot, "quantity": quantity}]}
    assert goods.staff.post("/write-offs", off | {"reason_code": "expired"}).status == 201
    assert goods.second.post(f"/write-offs/{off['id']}/approval").status == 200


def test_no_two_parts_of_the_picture_lie_on_each_other(goods: Goods, staff: Desk) -> None:
    lot = goods.lot(100, 4)
    for number in range(5):
        outlet = f"OUT-{number}"
        note = goods.draft(lot, 10, to=outlet)
        goods.dispatch(note)
        count(goods, note, lot, outlet, good=11, damaged=1)
        write_off(goods, lot, outlet, 1)
    for one in goods.staff.get("/discrepancies", state="open")["items"]:
        assert goods.second.post(f"/discrepancies/{one['id']}/resolution", {"reason_code": "surplus"}).status == 200
    page = staff.get(f"lots/{lot}")
    picture = page.text.split('<svg class="trace"')[1].split("</svg>")[0]
    parts = [
        tuple(int(n) for n in part)
        for part in re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', picture)
    ]
    assert len(parts) == 5 + 4 + 8  # outlets, other places; below them: rejected, damaged, surplus, five written off
    for index, (x, y, width, height) in enumerate(parts):
        for x2, y2, width2, height2 in parts[index + 1 :]:
            apart = x + width <= x2 or x2 + width2 <= x or y + height <= y2 or y2 + height2 <= y
            assert apart, ((x, y, width, height), (x2, y2, width2, height2))
    bottom = int(picture.split('viewBox="0 0 ')[1].split('"')[0].split()[1])
    assert max(y + height for _, y, _, height in parts) <= bottom
