"""Certificates of both kinds grant a skill, and a withdrawal ends it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from tests.integration.training.people import SKILL, People, attestation, certificate

WITHDRAWAL = {"effective": "2026-05-01", "reason": "Kedaluwarsa setelah kecelakaan kerja"}


@pytest.mark.parametrize("kind", ["training", "competency"])
def test_a_certificate_of_either_kind_grants_its_skill(people: People, kind: str) -> None:
    worker_ref = people.resident()
    row_id = people.certify(worker_ref, kind=kind)
    assert people.announced() == [
        (
            "SkillGranted",
            {
                "worker_ref": worker_ref,
                "skill": SKILL,
                "basis": "certificate",
                "reference": row_id,
                "valid_from": "2026-01-01",
                "valid_until": "2028-12-31",
                "version": 1,
            },
        )
    ]
    shown = people.auditor.get(f"/certificates/{row_id}")
    assert (shown["kind"], shown["version"], shown["withdrawal"]) == (kind, 1, None)


def test_the_same_certificate_again_answers_200_and_announces_nothing(people: People) -> None:
    body, path = certificate(people.resident()), f"/certificates/{uuid7()}"
    assert people.instructor.put(path, body).status == 201
    again = people.second.put(path, body)
    assert (again.status, again.body["version"]) == (200, 1)
    assert len(people.announced()) == 1


def test_a_corrected_certificate_counts_a_version_and_grants_anew(people: People) -> None:
    body, path = certificate(people.resident()), f"/certificates/{uuid7()}"
    people.instructor.put(path, body)
    answer = people.instructor.put(path, body | {"valid_until": None})
    assert (answer.status, answer.body["version"], answer.body["valid_until"]) == (200, 2, None)
    assert [(data["version"], data["valid_until"]) for _, data in people.announced()] == [(1, "2028-12-31"), (2, None)]


def test_a_certificate_stays_with_its_resident_and_skill(people: People) -> None:
    body, path = certificate(people.resident()), f"/certificates/{uuid7()}"
    people.instructor.put(path, body)
    for change in ({"worker_ref": people.resident()}, {"skill": "menjahit-kemeja"}):
        answer = people.instructor.put(path, body | change)
        assert (answer.status, answer.code) == (409, "issue-another")
    assert len(people.announced()) == 1


def test_a_number_is_given_once_by_an_issuer_to_a_kind(people: People) -> None:
    worker_ref = people.resident()
    people.certify(worker_ref, number="7")
    taken = people.instructor.put(f"/certificates/{uuid7()}", certificate(worker_ref, number="7"))
    assert (taken.status, taken.code) == (409, "number-taken")
    people.certify(worker_ref, number="7", kind="training")
    other = people.certify(worker_ref, number="7", issuer="BLK Makassar")
    # Nor may a correction take the number of another.
    corrected = people.instructor.put(f"/certificates/{other}", certificate(worker_ref, number="7"))
    assert (corrected.status, corrected.code) == (409, "number-taken")


def test_of_many_who_ask_for_one_number_at_once_one_gets_it(people: People) -> None:
    body = certificate(people.resident())
    paths = [f"/certificates/{uuid7()}" for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda path: people.instructor.put(path, body).status, paths))
    assert sorted(statuses) == [201] + [409] * 7


def test_one_certificate_sent_many_times_at_once_grants_once(people: People) -> None:
    body, path = certificate(people.resident(), skill="baru-sama-sekali"), f"/certificates/{uuid7()}"
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: people.instructor.put(path, body).status, range(16)))
    assert sorted(statuses) == [200] * 15 + [201]
    assert len(people.announced()) == 1


def test_a_withdrawal_is_announced_without_its_reason(people: People) -> None:
    worker_ref = people.resident()
    row_id = people.certify(worker_ref)
    answer = people.instructor.post(f"/certificates/{row_id}/withdrawal", WITHDRAWAL)
    assert answer.status == 200
    assert people.announced()[1:] == [
        (
            "SkillWithdrawn",
            {"worker_ref": worker_ref, "skill": SKILL, "reference": row_id, "effective": "2026-05-01", "version": 2},
        )
    ]
    shown = people.auditor.get(f"/certificates/{row_id}")
    assert shown["withdrawal"] == answer.body
    assert {key: answer.body[key] for key in ("reason", "withdrawn_by")} == {
        "reason": WITHDRAWAL["reason"],
        "withdrawn_by": "instructor-1",
    }


def test_a_withdrawal_repeated_is_the_same_and_another_one_is_refused(people: People) -> None:
    path = f"/certificates/{people.certify(people.resident())}/withdrawal"
    first = people.instructor.post(path, WITHDRAWAL)
    assert people.second.post(path, WITHDRAWAL) == first
    for change in ({"effective": "2026-05-02"}, {"reason": "Lain"}):
        answer = people.instructor.post(path, WITHDRAWAL | change)
        assert (answer.status, answer.code) == (409, "already-withdrawn")
    assert [name for name, _ in people.announced()] == ["SkillGranted", "SkillWithdrawn"]


def test_a_withdrawn_certificate_is_not_changed_but_sending_it_again_is_no_change(people: People) -> None:
    body, path = certificate(people.resident()), f"/certificates/{uuid7()}"
    people.instructor.put(path, body)
    people.instructor.post(f"{path}/withdrawal", WITHDRAWAL)
    refused = people.instructor.put(path, body | {"valid_until": None})
    assert (refused.status, refused.code) == (409, "certificate-withdrawn")
    assert people.instructor.put(path, body).status == 200
    assert len(people.announced()) == 2


def test_what_does_not_exist_cannot_be_withdrawn(people: People) -> None:
    for noun in ("certificates", "attestations"):
        assert people.instructor.post(f"/{noun}/{uuid7()}/withdrawal", WITHDRAWAL).status == 404
        assert people.instructor.post(f"/{noun}/no-uuid/withdrawal", WITHDRAWAL).status == 404
    # An attestation is no certificate.
    row_id = people.attest(people.resident())
    assert people.instructor.post(f"/certificates/{row_id}/withdrawal", WITHDRAWAL).status == 404


def test_a_certificate_and_an_attestation_never_share_an_id(people: People) -> None:
    worker_ref = people.resident()
    first, second = people.certify(worker_ref), people.attest(worker_ref)
    assert people.instructor.put(f"/attestations/{first}", attestation(worker_ref)).code == "reference-taken"
    assert people.instructor.put(f"/certificates/{second}", certificate(worker_ref)).code == "reference-taken"
    assert len(people.announced()) == 2


@pytest.mark.parametrize("noun", ["certificates", "attestations", "assessments"])
def test_a_resident_who_was_never_registered_is_named_as_the_wrong_field(people: People, noun: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "certificates": certificate("wnobody01"),
        "attestations": attestation("wnobody01"),
        "assessments": {
            "worker_ref": "wnobody01",
            "skill": SKILL,
            "result": "COMPETENT",
            "assessed_on": "2026-01-01",
        },
    }
    answer = people.instructor.put(f"/{noun}/{uuid7()}", bodies[noun])
    assert (answer.status, list(answer.body["errors"])) == (422, ["worker_ref"])
    assert people.announced() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "diploma"),
        ("valid_until", "2025-12-31"),
        ("valid_from", "yesterday"),
        ("number", ""),
        ("number", "x" * 101),
        ("issuer", "a\0b"),
        ("skill", "with space"),
        ("worker_ref", "Daeng Nai"),
        ("note", "unknown field"),
    ],
)
def test_a_bad_field_of_a_certificate_is_named(people: People, field: str, value: str) -> None:
    answer = people.instructor.put(f"/certificates/{uuid7()}", certificate(people.resident()) | {field: value})
    assert (answer.status, list(answer.body["errors"])) == (422, [field])


def test_certificates_are_found_by_resident_by_skill_and_by_their_last_day(people: People) -> None:
    one, other = people.resident(), people.resident()
    soon = people.certify(one, valid_until="2026-06-30")
    people.certify(one, skill="menjahit-kemeja")
    people.certify(other, valid_until=None)
    assert len(people.auditor.get("/certificates")["items"]) == 3
    assert len(people.auditor.get("/certificates", worker_ref=one)["items"]) == 2
    assert len(people.auditor.get("/certificates", skill="menjahit-kemeja")["items"]) == 1
    found = people.auditor.get("/certificates", expiring_before="2026-07-01")["items"]
    assert [row["id"] for row in found] == [soon]
    # Before a day: the one that ends on it does not.
    assert people.auditor.get("/certificates", expiring_before="2026-06-30")["items"] == []
