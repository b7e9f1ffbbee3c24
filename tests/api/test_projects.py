"""Projects over HTTP: rules checked at the door, states, imports row by row, outcomes."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlmodel import func, select

from crowd.models import Outcome, Task, TaskImport
from crowd.project_rules import ProjectRules
from folkmoot.bootstrap import Services

from .conftest import PROJECT, Person
from .story import import_csv, made
from .test_calling import refused

RunJobs = Callable[[], None]


def stored(services: Services, table: type) -> int:
    with services.reading() as uow:
        return uow.session.exec(select(func.count()).select_from(table)).one()


def test_a_project_starts_as_a_draft_with_its_rules_in_full(team: Person) -> None:
    project = made(team.post("/projects", PROJECT))
    assert (project["state"], project["instructions_version"]) == ("draft", 1)
    choices = project["answer_schema"]["choices"]
    assert choices[0] == {"value": "yes", "label": "yes", "help": ""}
    assert made(team.get(f"/projects/{project['id']}"), 200) == project


def test_a_short_name_that_is_taken_is_named(team: Person) -> None:
    made(team.post("/projects", PROJECT))
    problem = refused(team.post("/projects", PROJECT), 409)
    assert [one["pointer"] for one in problem["fields"]] == ["/slug"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"answer_schema": {"choices": ["yes"]}}, "/answer_schema/choices"),
        ({"answer_schema": {"choices": ["yes", "yes"]}}, "/answer_schema/choices"),
        ({"answer_schema": {"choices": ["yes", 3]}}, "/answer_schema/choices/1"),
        ({"slug": "Not A Slug"}, "/slug"),
        ({"currency": "euro"}, "/currency"),
        ({"floor": 3, "ceiling": 2}, "/ceiling"),
        ({"watch": {"too_fast": {"run": 1}}}, "/watch/too_fast/run"),
        ({"watch": {"copied": {"action": "retrain"}}}, "/watch/copied/action"),
        ({"content_flags": ["spiders"]}, "/content_flags/0"),
        ({"pay_minor": 10**30}, "/pay_minor"),
    ],
)
def test_a_rule_that_makes_no_sense_is_named(
    changes: dict[str, object], pointer: str, team: Person
) -> None:
    problem = refused(team.post("/projects", {**PROJECT, **changes}), 422)
    assert problem["fields"][0]["pointer"] == pointer
    assert team.get("/projects").get_json()["items"] == []


def test_a_watch_rule_that_follows_with_nothing_known_names_all_that_may_follow(
    team: Person,
) -> None:
    path = f"/projects/{made(team.post('/projects', PROJECT))['id']}"
    change = {"watch": {"constant": {"action": "shout"}}}
    (wrong,) = refused(team.call("PATCH", path, json=change), 422)["fields"]
    assert wrong["pointer"] == "/watch/constant/action"
    assert wrong["message"] == "Choose one of warn, pause, retrain, review, off."


def test_a_change_names_only_what_changes_and_every_rule_is_shown(team: Person) -> None:
    path = f"/projects/{made(team.post('/projects', PROJECT))['id']}"
    change = {"floor": 2, "content_flags": ["hate"], "watch": {"constant": {"run": 12}}}
    changed = made(team.call("PATCH", path, json=change), 200)
    assert (changed["floor"], changed["ceiling"], changed["content_flags"]) == (2, 2, ["hate"])
    assert changed["watch"]["constant"] == {"run": 12, "action": "review"}
    assert made(team.get(path), 200) == changed
    assert {*ProjectRules.model_fields} <= changed.keys()


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"floor": 3}, 422, "/ceiling"),
        ({"floor": None}, 422, "/floor"),
        ({"slug": "dogs"}, 422, "/slug"),
        ({"pay_minor": 1}, 409, "/pay_minor"),
        ({"answer_schema": {"choices": ["yes", "maybe"]}}, 409, "/answer_schema"),
    ],
)
def test_a_change_that_is_not_safe_says_why_and_changes_nothing(
    change: dict[str, object], status: int, pointer: str, team: Person
) -> None:
    path = f"/projects/{made(team.post('/projects', PROJECT))['id']}"
    before = made(team.put(f"{path}/state", {"state": "open"}), 200)
    problem = refused(team.call("PATCH", path, json=change), status)
    assert [one["pointer"] for one in problem["fields"]] == [pointer]
    assert made(team.get(path), 200) == before


def test_priorities_and_audits_name_the_tasks_that_are_not_there(
    team: Person, run_jobs: RunJobs, services: Services
) -> None:
    path = f"/projects/{made(team.post('/projects', PROJECT))['id']}"
    import_csv(team, path.rsplit("/", 1)[1], b"external_id\na/b\nc\n")
    run_jobs()
    set_both = {"priorities": {"a/b": 3, "c": 0}}
    done = made(team.post(f"{path}/priorities", set_both), 200)
    assert done == {"changed": 1, "unchanged": 1}
    problem = refused(team.post(f"{path}/priorities", {"priorities": {"x/y": 3}}), 422)
    assert [one["pointer"] for one in problem["fields"]] == ["/priorities/x~1y"]
    problem = refused(team.post(f"{path}/audits", {"external_ids": ["c"]}), 422)
    assert "still asks for labels" in problem["detail"]


def test_a_closed_project_stays_closed_and_takes_no_tasks(team: Person) -> None:
    path = f"/projects/{made(team.post('/projects', PROJECT))['id']}"
    made(team.put(f"{path}/state", {"state": "closed"}), 200)
    refused(team.put(f"{path}/state", {"state": "open"}), 409)
    answer = team.post(
        f"{path}/imports?file_name=a.csv", data=b"external_id\nt1\n", content_type="text/csv"
    )
    refused(answer, 409)
    assert made(team.get(path), 200)["state"] == "closed"


def test_new_instructions_are_a_new_version(team: Person) -> None:
    path = f"/projects/{made(team.post('/projects', PROJECT))['id']}"
    changed = made(team.put(f"{path}/instructions", {"text": "Look twice."}), 200)
    assert changed["instructions_version"] == 2


def test_an_unknown_project_is_not_found_wherever_it_is_named(
    team: Person, officer: Person, annotator: Person
) -> None:
    nowhere = f"/projects/{uuid4()}"
    for path in ("", "/labels", "/integrity", "/consensus-runs", "/data-sets", "/models"):
        refused(team.get(nowhere + path), 404)
    refused(officer.get(nowhere + "/reports"), 404)
    refused(officer.get(nowhere + "/policy"), 404)
    refused(team.get(nowhere + "/decisions"), 404)
    refused(annotator.post(nowhere + "/leases"), 404)


def test_each_broken_row_is_named_and_the_others_are_taken(
    team: Person, run_jobs: RunJobs, services: Services
) -> None:
    project_id = made(team.post("/projects", PROJECT))["id"]
    content = (
        b"external_id,text,gold,priority\n"
        b"t1,fine,yes,\n"
        b",without an id,,\n"
        b"t3,gold that is no answer,maybe,\n"
        b"t4,priority that is no number,,soon\n"
        b"t5,too,many,0,cells\n"
        b"t6,\xff\xfe,,\n"
        b"t1,there already,,\n"
        b"t8,fine too,,2\n"
    )
    import_id = import_csv(team, project_id, content)
    run_jobs()
    found = made(team.get(f"/imports/{import_id}"), 200)
    assert (found["state"], found["added"], found["known"]) == ("finished", 2, 1)
    assert [one["line"] for one in found["problems"]] == [3, 4, 5, 6, 7, 8]
    assert all(one["reason"].endswith(".") for one in found["problems"])
    assert found["refused"] == 5
    assert stored(services, Task) == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"text\nno id column\n"),
        ("a.json", b'{"external_id": 1}'),
        ("a.parquet", b"no parquet"),
        ("a.jsonl", b"  \n"),
    ],
)
def test_a_file_that_is_none_is_refused_at_once_and_not_kept(
    name: str, content: bytes, team: Person, services: Services
) -> None:
    project_id = made(team.post("/projects", PROJECT))["id"]
    answer = team.post(
        f"/projects/{project_id}/imports?file_name={name}",
        data=content,
        content_type="application/octet-stream",
    )
    refused(answer, 422)
    assert stored(services, TaskImport) == 0


@pytest.mark.parametrize("name", ["tasks.exe", "../tasks.csv", ".csv", ""])
def test_a_file_name_of_no_known_kind_is_refused(name: str, team: Person) -> None:
    project_id = made(team.post("/projects", PROJECT))["id"]
    answer = team.post(
        f"/projects/{project_id}/imports?file_name={name}", data=b"a", content_type="text/csv"
    )
    assert refused(answer, 422)["fields"][0]["pointer"] == "/file_name"


def test_one_outcome_that_is_no_answer_refuses_them_all(team: Person, services: Services) -> None:
    project_id = made(team.post("/projects", PROJECT))["id"]
    rows = [{"external_id": "t1", "answer": "yes"}, {"external_id": "t2", "answer": "perhaps"}]
    answer = team.post(f"/projects/{project_id}/outcomes", {"source": "a survey", "rows": rows})
    problem = refused(answer, 422)
    assert problem["fields"][0]["pointer"] == "/rows/1/answer"
    assert "yes, no" in problem["fields"][0]["message"]
    assert stored(services, Outcome) == 0
