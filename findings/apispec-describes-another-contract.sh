#!/usr/bin/env bash
# The description that apispec makes of a marshmallow schema refuses what the schema writes, and allows what the schema refuses.
#
# Packages: apispec 6.10.1, marshmallow 4.4.0, jsonschema 4.26.0 (stands for any client that was made from the description).
# Behaviour: one expects a generated description to be the code's. For money and quantities it is not:
#   * Decimal(as_string=True), the usual way to keep rupiah exact in JSON, writes "1500.50" and is described as a number: a client generated from it adds
#     such prices as text, and a contract test of our own answer fails;
#   * Range(min=0, min_inclusive=False) (a quantity above zero) is described as minimum 0, with OpenAPI 3.0 and 3.1: the bound's strictness is dropped, and a
#     client that checked by the description sends 0 and is refused;
#   * And(Range(min=1), Range(max=5)) is described as no limit at all, whereas the list of the same two validators is described right.
# Seen: price {'type': 'number'} quantity {'type': 'integer', 'minimum': 0} parts {'type': 'integer'} listed {'type': 'integer', 'minimum': 1, 'maximum': 5}
#       the schema writes {"price": "1500.50"}, of which the description says: '1500.50' is not of type 'number'
#       the description allows {'quantity': 0, 'parts': 9}, of which the schema refuses: parts quantity
# Exits 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check apispec==6.10.1 marshmallow==4.4.0 jsonschema==4.26.0
"$folder/venv/bin/python" - <<'PY'
import json
from decimal import Decimal

import jsonschema
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields
from marshmallow.validate import And, Range


class Line(Schema):
    price = fields.Decimal(as_string=True)
    quantity = fields.Integer(validate=Range(min=0, min_inclusive=False))
    parts = fields.Integer(validate=And(Range(min=1), Range(max=5)))
    listed = fields.Integer(validate=[Range(min=1), Range(max=5)])


descriptions = []
for version in ("3.0.3", "3.1.0"):
    spec = APISpec("shop", "1", version, plugins=[MarshmallowPlugin()])
    spec.components.schema("Line", schema=Line)
    descriptions.append(spec.to_dict()["components"]["schemas"]["Line"])
described = descriptions[1]
print(*(f"{name} {described['properties'][name]}" for name in ("price", "quantity", "parts", "listed")))
client = jsonschema.Draft202012Validator(described)
written = Line().dumps({"price": Decimal("1500.50")})
complaints = [error.message for error in client.iter_errors(json.loads(written))]
print(f"the schema writes {written}, of which the description says:", *complaints)
sent = {"quantity": 0, "parts": 9}
allowed, refused = client.is_valid(sent), sorted(Line().validate(sent))
print(f"the description {'allows' if allowed else 'refuses'} {sent}, of which the schema refuses:", *refused)
wanted = {
    "price": {"type": "number"},
    "quantity": {"type": "integer", "minimum": 0},
    "parts": {"type": "integer"},
    "listed": {"type": "integer", "minimum": 1, "maximum": 5},
}
if any(one["properties"] != wanted for one in descriptions) or len(complaints) != 1 or not allowed or refused != ["parts", "quantity"]:
    raise SystemExit("changed")
PY
echo "as described"
