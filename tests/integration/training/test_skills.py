"""Assessments and attestations, and what a resident may do on a day."""

from __future__ import annotations

from typing import Any

from uuid_utils.compat import uuid7

from shared.clock import business_day, now
from tests.integration.training.people import SKILL, People, assessment, attestation


def test_an_assessment_names_its_assessor_and_grants_nothing(people: People) -> None:
    body, path = assessment(people.resident(), result="NOT_YET_COMPETENT"), f"/assessments/{uuid7()}"
    answer = people.instructor.put(path, body)
    assert (answer.status, answer.body) == (201, body | {"id": path.rpartition("/")[2], "assessor": "instructor-1"})
    assert people.auditor.get(path) == answer.body
    assert people.announced() == []


def test_an_assessment_is_a_fact_the_same_again_is_the_same_and_another_is_a_conflict(people: People) -> None:
    body, path = assessment(people.resident()), f"/assessments/{uuid7()}"
    first = people.instructor.put(path, body)
    again = people.second.put(path, body)
    assert (again.status, again.body) == (200, first.body)  # still by its first assessor
    conflict = people.instructor.put(path, body | {"result": "NOT_YET_COMPETENT"})
    assert (conflict.status, conflict.code) == (409, "conflict")


def test_an_assessment_may_stand_outside_of_a_programme(people: People) -> None:
    body = assessment(people.resident())
    del body["programme"]
    assert people.instructor.put(f"/assessments/{uuid7()}", body).body["programme"] is None


def test_an_instructors_attestation_grants_the_skill_until_it_is_withdrawn(people: People) -> None:
    worker_ref = people.resident()
    row_id = people.attest(worker_ref)
    withdrawal = {"effective": "2026-02-01", "reason": "Pindah blok"}
    people.second.post(f"/attestations/{row_id}/withdrawal", withdrawal)
    assert people.second.post(f"/attestations/{row_id}/withdrawal", withdrawal).status == 200
    (granted, first), (withdrawn, second) = people.announced()
    assert (granted, first["basis"], first["reference"], first["version"]) == ("SkillGranted", "attestation", row_id, 1)
    assert (withdrawn, second["reference"], second["effective"]) == ("SkillWithdrawn", row_id, "2026-02-01")
    assert second["version"] == 2
    shown = people.auditor.get(f"/attestations/{row_id}")
    assert (shown["instructor"], shown["withdrawal"]["withdrawn_by"]) == ("instructor-1", "instructor-2")


def test_an_attestation_is_a_fact_too(people: People) -> None:
    worker_ref = people.resident()
    body, path = attestation(worker_ref), f"/attestations/{uuid7()}"
    assert people.instructor.put(path, body).status == 201
    # A field left out is the same as null.
    assert people.instructor.put(path, body | {"valid_until": None}).status == 200
    assert people.instructor.put(path, body | {"valid_until": "2027-01-01"}).status == 409
    assert len(people.announced()) == 1
    assert people.instructor.put(f"/attestations/{uuid7()}", body | {"valid_until": "2025-01-01"}).status == 422


def _held(people: People, worker_ref: str, **query: Any) -> dict[str, bool]:
    rows = people.auditor.get(f"/residents/{worker_ref}/skills", **query)["items"]
    return {row["reference"]: row["valid"] for row in rows}


def test_each_reference_holds_from_its_first_to_its_last_day_unless_withdrawn_by_then(people: People) -> None:
    worker_ref = people.resident()
    dated = people.certify(worker_ref, valid_from="2026-01-01", valid_until="2026-06-30")
    ended = people.certify(worker_ref, valid_from="2026-01-01", valid_until=None)
    people.instructor.post(f"/certificates/{ended}/withdrawal", {"effective": "2026-03-01", "reason": "x"})
    signed = people.attest(worker_ref, valid_from="2026-06-30")
    expected = {
        "2025-12-31": (False, False, False),
        "2026-01-01": (True, True, False),
        "2026-02-28": (True, True, False),
        "2026-03-01": (True, False, False),
        "2026-06-30": (True, False, True),
        "2026-07-01": (False, False, True),
    }
    for day, held in expected.items():
        assert _held(people, worker_ref, on=day) == dict(zip((dated, ended, signed), held, strict=True)), day


def test_without_a_day_it_is_today_in_makassar(people: People) -> None:
    worker_ref, today = people.resident(), business_day(now()).isoformat()
    row_id = people.attest(worker_ref, valid_from=today, valid_until=today)
    assert _held(people, worker_ref) == {row_id: True}


def test_each_reference_shows_what_it_is(people: People) -> None:
    worker_ref = people.resident()
    row_id = people.certify(worker_ref, kind="training")
    people.instructor.post(f"/certificates/{row_id}/withdrawal", {"effective": "2026-03-01", "reason": "x"})
    assert people.auditor.get(f"/residents/{worker_ref}/skills", on="2026-02-01")["items"] == [
        {
            "reference": row_id,
            "basis": "certificate",
            "kind": "training",
            "skill": SKILL,
            "valid_from": "2026-01-01",
            "valid_until": "2028-12-31",
            "withdrawn_from": "2026-03-01",
            "valid": True,
        }
    ]
