"""Residents: a random reference for everybody, a name for instructors only."""

from __future__ import annotations

import re

import pytest
from cryptography.fernet import Fernet

from shared import config
from tests.integration.training.people import People

NAME = "Siti Rahmawati"


def test_a_resident_gets_a_random_reference_that_says_nothing_about_the_name(people: People) -> None:
    first, second = people.resident(NAME), people.resident(NAME)
    assert first != second
    assert re.fullmatch(r"w[0-9a-z]{7,15}", first)


def test_the_name_is_stored_encrypted_in_a_table_of_its_own_and_nowhere_else(people: People) -> None:
    worker_ref = people.resident(NAME)
    people.certify(worker_ref)
    people.instructor.put(f"/residents/{worker_ref}", {"name": NAME + " binti Daeng"})
    (identity,) = people.rows("resident_identity")
    assert set(identity) == {"worker_ref", "name_encrypted"}
    for table in ("resident", "resident_identity", "certificate", "outbox", "skill"):
        assert NAME not in repr(people.rows(table)), table


def test_an_instructor_sees_names_and_an_auditor_only_references(people: People) -> None:
    worker_ref = people.resident(NAME)
    assert people.instructor.get(f"/residents/{worker_ref}") == {"worker_ref": worker_ref, "name": NAME, "version": 1}
    assert people.instructor.get("/residents")["items"][0]["name"] == NAME
    assert people.auditor.get(f"/residents/{worker_ref}") == {"worker_ref": worker_ref, "version": 1}
    assert people.auditor.get("/residents")["items"] == [{"worker_ref": worker_ref, "version": 1}]


def test_a_changed_name_counts_a_version_and_the_same_name_does_not(people: People) -> None:
    path = f"/residents/{people.resident(NAME)}"
    assert people.instructor.put(path, {"name": NAME}).body["version"] == 1
    changed = people.instructor.put(path, {"name": "Siti R."})
    assert (changed.status, changed.body["version"], changed.body["name"]) == (200, 2, "Siti R.")
    assert people.instructor.get(path)["name"] == "Siti R."


def test_a_resident_may_be_put_under_a_reference_that_paper_carries_already(people: People) -> None:
    answer = people.instructor.put("/residents/wpaper001", {"name": NAME})
    assert (answer.status, answer.body["version"]) == (201, 1)
    assert people.instructor.put("/residents/wpaper001", {"name": NAME}).status == 200


@pytest.mark.parametrize("reference", ["x1234567", "w123", "W12345678", "w1234567890123456", "w1234567%0A"])
def test_a_reference_of_another_form_is_refused(people: People, reference: str) -> None:
    answer = people.instructor.put(f"/residents/{reference}", {"name": NAME})
    assert (answer.status, list(answer.body["errors"])) == (422, ["worker_ref"])


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "a\0b"}, {"name": 7}, {"name": "A", "register_no": "1"}])
def test_a_bad_name_or_an_unknown_field_is_refused_by_its_name(people: People, body: dict[str, object]) -> None:
    answer = people.instructor.post("/residents", body)
    assert answer.status == 422
    assert list(answer.body["errors"]) in (["name"], ["register_no"])


def test_nobody_of_that_reference_is_not_found(people: People) -> None:
    for path in ("/residents/wnobody01", "/residents/wnobody01/skills"):
        assert people.instructor.call("GET", path).status == 404


def test_residents_page_by_reference(people: People) -> None:
    refs = sorted(people.resident(f"Resident {number}") for number in range(5))
    page = people.auditor.get("/residents", limit=3)
    rest = people.auditor.get("/residents", limit=3, after=page["next"])
    assert [one["worker_ref"] for one in page["items"] + rest["items"]] == refs
    assert rest["next"] is None


def test_a_name_is_read_under_an_older_key_and_written_under_the_newest(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/residents/{people.resident(NAME)}"
    older, newest = config.get("LAPAK_IDENTITY_KEYS"), Fernet.generate_key().decode()
    monkeypatch.setenv("LAPAK_IDENTITY_KEYS", f"{newest},{older}")
    assert people.instructor.get(path)["name"] == NAME
    # The same name again changes nothing that is seen, yet the old key is no longer needed for it.
    assert people.instructor.put(path, {"name": NAME}).body["version"] == 1
    monkeypatch.setenv("LAPAK_IDENTITY_KEYS", newest)
    assert people.instructor.get(path)["name"] == NAME


def test_a_name_whose_key_is_lost_can_be_written_anew(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/residents/{people.resident(NAME)}"
    monkeypatch.setenv("LAPAK_IDENTITY_KEYS", Fernet.generate_key().decode())
    assert people.instructor.call("GET", path).status == 500
    assert people.instructor.put(path, {"name": NAME}).body == {
        "worker_ref": path.rpartition("/")[2],
        "name": NAME,
        "version": 2,
    }
