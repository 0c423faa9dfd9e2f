"""Whoever reads names of residents leaves a row: who, in which role, by what, when, and whose."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from services.training.usecases import identity
from shared import config
from shared.clock import now
from shared.local.home import ROOT
from tests.integration.training.people import People, Person
from tests.integration.training.test_console import look, search

READER = identity.Reader("sri", "operator", "lapak keys renew-names")


def _accesses(people: People) -> list[tuple[Any, ...]]:
    """(who, role, by what, whose), the first first."""
    rows = sorted(people.rows("identity_access"), key=lambda row: (row["at"], row["id"]))
    return [(row["sub"], row["role"], row["route"], row["refs"]) for row in rows]


def test_each_way_to_a_name_leaves_a_row(people: People, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = sorted(people.resident(name) for name in ("Siti", "Baso"))
    assert _accesses(people) == []  # who writes a name reads none
    capsys.readouterr()
    people.instructor.get("/residents")
    people.second.get(f"/residents/{one}")
    people.instructor.put(f"/residents/{other}", {"name": "Rani"})
    look(people, people.second)
    by = ("instructor-1", "instructor", "GET /training/v1/residents")
    put = ("instructor-1", "instructor", "PUT /training/v1/residents/<worker_ref>")
    assert _accesses(people) == [
        (*by, [one, other]),
        ("instructor-2", "instructor", "GET /training/v1/residents/<worker_ref>", [one]),
        (*put, [other]),  # is it another name?
        (*put, [other]),  # the answer
        ("instructor-2", "instructor", "GET /training/", [one, other]),
    ]
    assert all(now() - row["at"] < timedelta(minutes=5) for row in people.rows("identity_access"))
    lines = [line for line in capsys.readouterr().out.splitlines() if "names were read" in line]
    assert len(lines) == 5
    assert "instructor-1" in lines[0]
    assert one not in "".join(lines)


def test_a_search_is_noted_also_when_it_finds_nobody(people: People) -> None:
    worker_ref = people.resident("Siti Rahmawati")
    assert worker_ref in search(people, people.instructor, "rahma")
    found, shown = people.rows("identity_access")
    assert (found["searched"], found["refs"], shown["searched"], shown["refs"]) == (
        True,
        [worker_ref],
        False,
        [worker_ref],
    )
    search(people, people.instructor, "nobody")
    assert [(row["searched"], row["refs"]) for row in people.rows("identity_access")[2:]] == [(True, [])]
    assert "rahma" not in repr(people.rows("identity_access"))


def test_who_sees_no_names_reads_none(people: People) -> None:
    worker_ref = people.resident()
    people.certify(worker_ref)
    people.auditor.get("/residents")
    people.auditor.get(f"/residents/{worker_ref}")
    look(people, people.auditor)
    search(people, people.auditor, "Daeng")
    look(people, people.instructor, f"/people/{worker_ref}/badge")  # a badge bears no name
    people.instructor.get(f"/residents/{worker_ref}/skills")
    people.instructor.get("/certificates")
    assert people.rows("identity_access") == []


def test_renewing_names_and_looking_for_a_key_are_noted(people: People) -> None:
    refs = sorted(people.resident(f"Siti {number}") for number in range(3))
    key = Fernet(config.get("LAPAK_IDENTITY_KEYS").split(",")[0])
    with people.database.transaction() as session:
        page = identity.renew(session, after="", limit=2, reader=READER)
        identity.renew(session, after=page.go_on or "", limit=2, reader=READER)
        identity.count_under(session, key, reader=READER)
    assert _accesses(people) == [(*READER, refs[:2]), (*READER, refs[2:]), (*READER, [])]


def test_no_row_no_name(people: People) -> None:
    """What cannot be noted is not shown: both are one transaction."""
    worker_ref = people.resident()
    long = Person(people.app, "instructor", "x" * 300)
    answer = people.app.test_client().get(f"/training/v1/residents/{worker_ref}", headers=long.headers)
    assert answer.status_code >= 400
    assert b"Daeng" not in answer.data


def test_an_auditor_reads_the_rows_the_latest_first(people: People) -> None:
    refs = [people.resident(f"Siti {number}") for number in range(3)]
    for ref in refs:
        people.instructor.get(f"/residents/{ref}")
    people.second.get("/residents")
    first = people.auditor.get("/identity-access", limit=2)
    assert [row["refs"] for row in first["items"]] == [sorted(refs), refs[2:]]
    rest = people.auditor.get("/identity-access", limit=2, after=first["next"])
    assert ([row["refs"] for row in rest["items"]], rest["next"]) == ([refs[1:2], refs[:1]], None)
    row = first["items"][0]
    assert (row["sub"], row["role"], row["route"]) == ("instructor-2", "instructor", "GET /training/v1/residents")
    of_one = people.auditor.get("/identity-access", worker_ref=refs[0])["items"]
    assert [row["sub"] for row in of_one] == ["instructor-2", "instructor-1"]
    by_one = people.auditor.get("/identity-access", sub="instructor-2")["items"]
    assert [row["refs"] for row in by_one] == [sorted(refs)]
    assert people.auditor.call("GET", "/identity-access", worker_ref="x").status == 422
    assert people.instructor.call("GET", "/identity-access").status == 403


def test_the_page_shows_references_and_never_a_name(people: People) -> None:
    ref, other = people.resident("Siti"), people.resident("Baso")
    assert "Belum ada yang membaca nama" in look(people, people.auditor, "/identity-access").text
    people.instructor.get(f"/residents/{ref}")
    people.instructor.get(f"/residents/{other}")
    search(people, people.second, "zzz")
    page = look(people, people.auditor, "/identity-access").text
    for told in (ref, other, "instructor-1", "GET /training/v1/residents/&lt;worker_ref&gt;", "mencari di semua nama"):
        assert told in page
    assert "Siti" not in page
    one = look(people, people.auditor, f"/identity-access?worker_ref={ref}").text
    assert f">{ref}</a>" in one
    assert f">{other}</a>" not in one
    assert "tidak bisa dibaca" in look(people, people.auditor, "/identity-access?worker_ref=Siti").text
    assert look(people, people.instructor, "/identity-access").status_code == 403
    assert "/training/identity-access" in look(people, people.auditor).text
    assert "/training/identity-access" not in look(people, people.instructor).text


def test_names_are_decrypted_at_one_place() -> None:
    """Only the use cases of identity ask for a name in clear; all others get it from them, and leave a row."""
    asking = set()
    for path in Path(ROOT, "services").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "services.training.queries.identity":
                asking |= {path.name for name in node.names if name.name in {"name_of", "vault", "newest"}}
            if isinstance(node, ast.Attribute) and node.attr in {"decrypt", "rotate"}:
                asking.add(path.relative_to(ROOT / "services").as_posix())
    # `residents.py` encrypts; in the queries stands how it is done.
    assert asking == {"identity.py", "residents.py", "training/usecases/identity.py", "training/queries/identity.py"}
