"""What holds for every operation: input, tokens, idempotency, problems."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlmodel import col, func, select

from crowd.models import Project
from folkmoot.bootstrap import Services
from folkmoot.identity.permissions import Role
from folkmoot.kernel import clock

from .conftest import PROJECT, Person


def projects_stored(services: Services) -> int:
    with services.reading() as uow:
        return uow.session.exec(select(func.count(col(Project.id)))).one()


def refused(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    problem: dict[str, Any] = answer.get_json()
    assert problem["status"] == status
    assert problem["detail"]
    return problem


def test_a_body_that_is_not_json_is_named_and_nothing_is_stored(
    team: Person, services: Services
) -> None:
    answer = team.call("POST", "/projects", data=b'{"slug": ', content_type="application/json")
    assert "not JSON" in refused(answer, 400)["detail"]
    assert projects_stored(services) == 0


def test_another_media_type_is_refused_with_the_ones_that_are_taken(team: Person) -> None:
    answer = team.call("POST", "/projects", data=b"slug=cats", content_type="text/plain")
    assert "application/json" in refused(answer, 415)["detail"]


def test_an_unknown_field_is_named(team: Person, services: Services) -> None:
    problem = refused(team.post("/projects", {**PROJECT, "colour": "red"}), 422)
    assert [one["pointer"] for one in problem["fields"]] == ["/colour"]
    assert projects_stored(services) == 0


def test_a_value_outside_its_range_is_named(team: Person) -> None:
    problem = refused(team.post("/projects", {**PROJECT, "confidence": 1.5}), 422)
    assert [one["pointer"] for one in problem["fields"]] == ["/confidence"]


def test_an_unknown_query_parameter_is_refused(team: Person) -> None:
    refused(team.get("/projects?colour=red"), 422)
    refused(team.get("/me?colour=red"), 422)


def test_a_cursor_that_we_did_not_make_is_refused(team: Person) -> None:
    for cursor in ("nonsense", "A" * 21 + "B", ""):
        problem = refused(team.get(f"/projects?cursor={cursor}"), 422)
        assert [one["pointer"] for one in problem["fields"]] == ["/cursor"]


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1e3", "many", "9" * 40])
def test_a_page_is_as_long_as_asked_or_refused(limit: str, team: Person) -> None:
    problem = refused(team.get(f"/projects?limit={limit}"), 422)
    assert [one["pointer"] for one in problem["fields"]] == ["/limit"]


def test_a_value_of_another_type_is_not_taken_for_what_it_looks_like(team: Person) -> None:
    for changes in ({"floor": "1"}, {"pay_minor": True}, {"group_fields": {"age": [False]}}):
        refused(team.post("/projects", {**PROJECT, **changes}), 422)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e400", "9" * 5000])
def test_a_number_that_json_cannot_carry_is_refused(
    number: str, team: Person, services: Services
) -> None:
    content = json.dumps({**PROJECT, "group_fields": {"age": [0]}}).replace("[0]", f"[{number}]")
    answer = team.call("POST", "/projects", data=content, content_type="application/json")
    refused(answer, 400)
    assert projects_stored(services) == 0


def test_a_whole_number_may_be_written_with_a_fraction_of_nothing(team: Person) -> None:
    assert team.post("/projects", {**PROJECT, "floor": 1.0}).get_json()["floor"] == 1
    refused(team.post("/projects", {**PROJECT, "slug": "dogs", "floor": 1.5}), 422)


def test_a_body_nested_deeper_than_we_follow_is_refused(team: Person) -> None:
    content = b'{"answer_schema": ' + b"[" * 100_000
    answer = team.call("POST", "/projects", data=content, content_type="application/json")
    refused(answer, 400)


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 201, "schlüssel"])
def test_an_idempotency_key_that_cannot_be_kept_is_refused(
    key: str, team: Person, services: Services
) -> None:
    answer = team.post("/projects", PROJECT, headers={"Idempotency-Key": key})
    assert "Idempotency-Key" in refused(answer, 422)["detail"]
    assert projects_stored(services) == 0


def test_an_id_that_is_none_is_not_found(team: Person) -> None:
    for path in ("/projects/1", "/projects/0x0", f"/imports/{'9' * 60}", "/jobs/%00"):
        refused(team.get(path), 404)


def test_a_nul_character_is_refused(team: Person, services: Services) -> None:
    refused(team.post("/projects", {**PROJECT, "title": "a\x00b"}), 422)
    assert projects_stored(services) == 0


def test_without_a_token_nobody_gets_in(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/projects")
    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"].lower().startswith("bearer")


def test_an_expired_token_is_refused_as_expired(team: Person) -> None:
    with clock.moved_to(clock.now() + timedelta(hours=2)):
        problem = refused(team.get("/projects"), 401)
    assert "expired" in problem["detail"]


def test_a_permission_that_the_token_lacks_is_named(annotator: Person) -> None:
    assert "projects:manage" in refused(annotator.post("/projects", PROJECT), 403)["detail"]


def test_an_unknown_address_and_a_wrong_method_are_problems_too(team: Person) -> None:
    refused(team.get("/nothing"), 404)
    wrong = team.call("DELETE", "/projects")
    refused(wrong, 405)
    assert "POST" in wrong.headers["Allow"]


def test_the_same_key_and_body_take_effect_once(team: Person, services: Services) -> None:
    key = {"Idempotency-Key": "once"}
    first = team.post("/projects", PROJECT, headers=key)
    again = team.post("/projects", PROJECT, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert projects_stored(services) == 1


def test_the_same_key_with_another_body_conflicts(team: Person, services: Services) -> None:
    key = {"Idempotency-Key": "once"}
    team.post("/projects", PROJECT, headers=key)
    refused(team.post("/projects", {**PROJECT, "slug": "dogs"}, headers=key), 409)
    assert projects_stored(services) == 1


def test_the_same_key_of_two_people_are_two_keys(
    team: Person, person: Callable[..., Person], services: Services
) -> None:
    key = {"Idempotency-Key": "once"}
    other = person(Role.TEAM, name="other")
    team.post("/projects", PROJECT, headers=key)
    other.post("/projects", {**PROJECT, "slug": "dogs"}, headers=key)
    assert projects_stored(services) == 2


def test_a_refused_request_leaves_its_key_free(team: Person, services: Services) -> None:
    key = {"Idempotency-Key": "once"}
    refused(team.post("/projects", {**PROJECT, "floor": 0}, headers=key), 422)
    assert team.post("/projects", PROJECT, headers=key).status_code == 201
    assert projects_stored(services) == 1


def test_pages_follow_one_another_without_gap_or_repeat(team: Person) -> None:
    for number in range(5):
        team.post("/projects", {**PROJECT, "slug": f"cats-{number}"})
    seen, cursor = [], ""
    while cursor is not None:
        page = team.get(f"/projects?limit=2{cursor and '&cursor=' + cursor}").get_json()
        seen += [one["slug"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"cats-{number}" for number in reversed(range(5))]


def test_a_nul_character_is_refused_wherever_it_is_sent(app: Flask, team: Person) -> None:
    refused(team.get("/projects?cursor=%00"), 422)
    form = {"grant_type": "client_credentials", "client_id": "a\x00", "client_secret": "b"}
    refused(app.test_client().post("/oauth/token", data=form), 422)
    assert app.test_client().get("/review?project=%00").status_code in {303, 422}
