#!/usr/bin/env bash
# The time that Babel writes for Indonesia, read by a marshmallow field, is another time: 13.05 is a moment after 13.00.
#
# Packages: Babel 2.19.0, marshmallow 4.4.0 (with Python 3.11, 3.12 or 3.13, whose fromisoformat it uses; 3.10's refuses).
# Behaviour: Indonesia writes the time with a dot, and so does Babel's id locale (13.05). marshmallow's Time and DateTime fields take ISO 8601; one expects
# them to refuse 13.05, and they do refuse 13.05.09 and 8.30. But hours and minutes of two digits each pass, as the hour and a decimal FRACTION OF A SECOND:
# the minutes are gone, no error is raised, and 07.59 becomes 07:00:00.590000. On a till's "opened at" that is up to 59 minutes, always to the early side;
# a value that is stored without fractions or shown as hours and minutes looks like a clean 13:00.
# Seen: Babel 13.05 -> Time 13:00:00.050000
#       Babel 07.59 -> Time 07:00:00.590000
#       2026-01-04 13.05 -> DateTime 2026-01-04 13:00:00.050000
#       refused: 13.05.09 8.30
# Exits 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check babel==2.19.0 marshmallow==4.4.0
"$folder/venv/bin/python" - <<'PY'
import datetime

from babel.dates import format_time
from marshmallow import ValidationError, fields

seen = []
for written in (datetime.time(13, 5), datetime.time(7, 59)):
    text = format_time(written, "short", locale="id_ID")
    seen.append((text, str(fields.Time().deserialize(text))))
    print(f"Babel {text} -> Time {seen[-1][1]}")
text = "2026-01-04 " + format_time(datetime.time(13, 5), "short", locale="id_ID")
seen.append((text, str(fields.DateTime().deserialize(text))))
print(f"{text} -> DateTime {seen[-1][1]}")
refused = []
for text in (format_time(datetime.time(13, 5, 9), "medium", locale="id_ID"), "8.30"):
    try:
        fields.Time().deserialize(text)
    except ValidationError:
        refused.append(text)
print("refused:", *refused)
wanted = [("13.05", "13:00:00.050000"), ("07.59", "07:00:00.590000"), ("2026-01-04 13.05", "2026-01-04 13:00:00.050000")]
if seen != wanted or refused != ["13.05.09", "8.30"]:
    raise SystemExit(f"changed: {seen}, refused {refused}")
PY
echo "as described"
