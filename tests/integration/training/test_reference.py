"""Skills and programmes: put by code; a skill may be named before it is described."""

from __future__ import annotations

from tests.integration.training.people import People

NAME = {"id": "Dasar bakery", "en": "Basic baking"}
PROGRAMME = {
    "name": {"id": "Pembuatan roti dan kue", "en": "Bread and cakes"},
    "skill": "bakery-dasar",
    "workshop": "WS-RTI",
    "lesson_hours": 144,
}


def test_a_skill_is_new_then_the_same_then_changed(people: People) -> None:
    assert people.instructor.put("/skills/bakery-dasar", {"name": NAME}).status == 201
    same = people.instructor.put("/skills/bakery-dasar", {"name": NAME})
    assert (same.status, same.body["version"]) == (200, 1)
    changed = people.instructor.put("/skills/bakery-dasar", {"name": NAME | {"en": "Baking"}})
    assert (changed.status, changed.body["version"]) == (200, 2)
    assert people.auditor.get("/skills/bakery-dasar") == changed.body


def test_a_skill_that_a_certificate_names_first_is_a_placeholder_until_it_is_put(people: People) -> None:
    people.certify(people.resident(), skill="las-listrik")
    shown = people.auditor.get("/skills/las-listrik")
    assert (shown["placeholder"], shown["name"]) == (True, {"id": "las-listrik", "en": "las-listrik"})
    described = people.instructor.put("/skills/las-listrik", {"name": NAME})
    assert (described.status, described.body["placeholder"], described.body["version"]) == (201, False, 2)
    assert people.instructor.put("/skills/las-listrik", {"name": NAME}).status == 200


def test_a_programme_teaches_a_skill_in_lesson_hours_also_in_a_workshop_not_heard_of(people: People) -> None:
    assert people.instructor.put("/programmes/TRN-BKR", PROGRAMME).status == 201
    assert people.instructor.put("/programmes/TRN-BKR", PROGRAMME).status == 200
    changed = people.instructor.put("/programmes/TRN-BKR", PROGRAMME | {"lesson_hours": 160})
    assert (changed.status, changed.body) == (200, PROGRAMME | {"code": "TRN-BKR", "lesson_hours": 160, "version": 2})
    assert people.auditor.get("/programmes")["items"] == [changed.body]
    assert people.auditor.get("/skills/bakery-dasar")["placeholder"] is True


def test_what_is_not_there_is_not_found_and_what_is_no_code_is_refused(people: People) -> None:
    for noun, body in (("skills", {"name": NAME}), ("programmes", PROGRAMME)):
        assert people.auditor.call("GET", f"/{noun}/none").status == 404
        assert people.auditor.call("GET", f"/{noun}/-none").status == 422
        assert people.instructor.put(f"/{noun}/two%20words", body).status == 422
    for hours in (0, -1, 10**30, 1.5, "144", True):
        answer = people.instructor.put("/programmes/TRN-BKR", PROGRAMME | {"lesson_hours": hours})
        assert (answer.status, list(answer.body["errors"])) == (422, ["lesson_hours"])


def test_a_list_pages_up_to_a_thousand_and_refuses_a_foreign_cursor(people: People) -> None:
    for code in ("a", "b", "c"):
        people.instructor.put(f"/skills/{code}", {"name": NAME})
    page = people.auditor.get("/skills", limit=2)
    assert [row["code"] for row in page["items"]] == ["a", "b"]
    assert [row["code"] for row in people.auditor.get("/skills", after=page["next"])["items"]] == ["c"]
    assert people.auditor.call("GET", "/skills", limit=1001).status == 422
    assert people.auditor.call("GET", "/skills", after="bm9uc2Vuc2U").status == 422
    assert people.auditor.call("GET", "/skills", since="x").status == 422
