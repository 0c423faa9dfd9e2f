#!/usr/bin/env bash
# Indonesian appointments that dateparser answers with another day or hour, and no error.
#
# Package: dateparser 1.5.0, told that the language is Indonesian; "now" is Wednesday 7 January 2026, 10:00.
# Behaviour: dateparser knows Indonesian, and refuses much that it does not know (None). These it answers, wrongly:
#   * parse: Indonesia writes 08.00. "besok 08:00" (tomorrow) is tomorrow at 8, "besok 08.00" is tomorrow at the hour it is NOW; so is "besok jam 08:00"
#     (jam: o'clock). With a full date the dot is understood ("4 Januari 2026 08.30"), so a test with one passes;
#   * search_dates: the same full date, in a sentence or alone, loses its DAY, and the hour becomes the day: 8 January and not 4;
#   * search_dates: "3 hari lagi" (in three days) is three days AGO: lagi is left out, and "3 hari" alone is taken as past. parse says None to it.
# Seen: parse besok 08:00 -> 2026-01-08 08:00
#       parse besok 08.00 -> 2026-01-08 10:00
#       parse besok jam 08:00 -> 2026-01-08 10:00
#       parse 4 Januari 2026 08.30 -> 2026-01-04 08:30
#       search Kirim 4 Januari 2026 08:30 -> 2026-01-04 08:30
#       search Kirim 4 Januari 2026 08.30 -> 2026-01-08 00:00
#       parse 3 hari lagi -> None
#       search Bayar 3 hari lagi -> 2026-01-04 10:00
# Exits 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dateparser==1.5.0
"$folder/venv/bin/python" -W ignore - <<'PY'
import datetime

import dateparser
from dateparser.search import search_dates

how = {"languages": ["id"], "settings": {"RELATIVE_BASE": datetime.datetime(2026, 1, 7, 10, 0)}}
wanted = {
    "parse besok 08:00": "2026-01-08 08:00",
    "parse besok 08.00": "2026-01-08 10:00",
    "parse besok jam 08:00": "2026-01-08 10:00",
    "parse 4 Januari 2026 08.30": "2026-01-04 08:30",
    "search Kirim 4 Januari 2026 08:30": "2026-01-04 08:30",
    "search Kirim 4 Januari 2026 08.30": "2026-01-08 00:00",
    "parse 3 hari lagi": "None",
    "search Bayar 3 hari lagi": "2026-01-04 10:00",
}
changed = []
for case, answer in wanted.items():
    verb, text = case.split(" ", 1)
    found = [dateparser.parse(text, **how)] if verb == "parse" else [moment for _, moment in search_dates(text, **how) or []]
    seen = ", ".join(f"{moment:%Y-%m-%d %H:%M}" if moment else "None" for moment in found)
    print(f"{case} -> {seen}")
    if seen != answer:
        changed.append(case)
if changed:
    raise SystemExit(f"changed: {changed}")
PY
echo "as described"
