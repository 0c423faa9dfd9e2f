#!/usr/bin/env bash
# A GS1-128 label with the parentheses printed into its data reads back, as text, exactly like a right one.
#
# Packages: python-barcode 0.16.1 (Gs1_128) with pillow 13.0.0, zxing-cpp 3.1.1 (its reader), biip 5.2.0 (a parser of GS1 messages).
# Behaviour: people write element strings with parentheses, (01)…(10)…, as they stand below every bar code; in the symbol there are none. Gs1_128
# takes that form without a word and encodes the parentheses as data. One would catch it by reading the picture back and comparing. But zxing-cpp's
# `text` puts parentheses around the identifiers of what it recognises as GS1, so that the right symbol and the wrong one have the same text, the one
# that was given; `content_type` says GS1 of both. Only `bytes` differ. biip parses the bytes of the right one and says of the wrong one, in its
# result and without an exception, that there is no GS1 message. So a test that draws, reads and compares text is green, and each till that is
# scanned into gets what it cannot use. Compare `bytes`, and give Gs1_128 the string without parentheses (after a field of variable length "\x1d").
# Seen: right: text (01)08991234567891(10)A12(3103)001500 bytes b'010899123456789110A12\x1d3103001500' biip 01 10 3103
#       wrong: text (01)08991234567891(10)A12(3103)001500 bytes b'(01)08991234567891(10)A12(3103)001500' biip none
# Exits 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check python-barcode==0.16.1 pillow==13.0.0 zxing-cpp==3.1.1 biip==5.2.0
"$folder/venv/bin/python" - <<'PY'
import sys

import biip
import zxingcpp
from barcode import Gs1_128
from barcode.writer import ImageWriter

WRITTEN = "(01)08991234567891(10)A12(3103)001500"
ENCODED = "010899123456789110A12\x1d3103001500"
SHAPE = {"module_width": 0.4, "module_height": 12, "quiet_zone": 6, "write_text": False, "dpi": 200}


def read(data):
    (found,) = zxingcpp.read_barcodes(Gs1_128(data, writer=ImageWriter()).render(SHAPE))
    message = biip.parse(found.bytes.decode()).gs1_message
    fields = " ".join(one.ai.ai for one in message.element_strings) if message else "none"
    return found.text, found.content_type.name, found.bytes, fields


right, wrong = read(ENCODED), read(WRITTEN)
for name, (text, _, data, fields) in (("right", right), ("wrong", wrong)):
    print(f"{name}: text {text} bytes {data!r} biip {fields}")
same = right[:2] == wrong[:2] == (WRITTEN, "GS1")
apart = (right[2:], wrong[2:]) == ((ENCODED.encode(), "01 10 3103"), (WRITTEN.encode(), "none"))
sys.exit(0 if same and apart else 1)
PY
