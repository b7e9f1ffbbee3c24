"""Changes of a project's rules: recorded in full, and refused where they would wrong somebody."""

import json

import pytest
from sqlmodel import col, select

from audit.models import Entry
from crowd.integrity import counted_integrity
from crowd.models import Project, ProjectState
from crowd.projects import ProjectChange, change_project, change_state, project_by_id
from folkmoot.kernel.errors import Conflict, InvalidInput


def changed(moot, project: Project, **given: object) -> Project:
    change = ProjectChange.model_validate(given)
    with moot.work() as uow:
        return change_project(uow, moot.team, project_id=project.id, change=change)


def changes_recorded(moot, project: Project) -> list[Entry]:
    with moot.read() as uow:
        entries = uow.session.exec(
            select(Entry).where(Entry.subject_id == project.id).order_by(col(Entry.id))
        ).all()
    return [entry for entry in entries if entry.action.value == "project.changed"]


def test_only_the_rules_that_are_given_change_and_both_sides_are_recorded(moot):
    project = moot.project(floor=2, ceiling=5)
    other = moot.project()

    changed(moot, project, ceiling=4, content_flags=["hate"], confidence=0.9)

    with moot.read() as uow:
        stored = project_by_id(uow, project_id=project.id)
        assert (stored.floor, stored.ceiling, stored.content_flags) == (2, 4, ["hate"])
        assert project_by_id(uow, project_id=other.id).content_flags == []
    (entry,) = changes_recorded(moot, project)
    assert json.loads(entry.envelope)["facts"] == {
        "before": {"ceiling": 5, "content_flags": []},
        "after": {"ceiling": 4, "content_flags": ["hate"]},
    }


def test_the_same_change_twice_is_one(moot):
    project = moot.project()
    changed(moot, project, lease_seconds=60, budget_labels=10)
    changed(moot, project, lease_seconds=60, budget_labels=10)
    changed(moot, project)
    assert len(changes_recorded(moot, project)) == 1


def test_a_rule_is_held_against_those_that_stay(moot):
    project = moot.project(floor=3, ceiling=4)
    with pytest.raises(InvalidInput, match="below the floor"):
        changed(moot, project, ceiling=2)
    assert changed(moot, project, ceiling=2, floor=2).ceiling == 2


def test_what_no_longer_limits_is_given_as_none(moot):
    project = moot.project(budget_labels=10)
    assert changed(moot, project, budget_labels=None).budget_labels is None


@pytest.mark.parametrize(
    ("choices", "may"),
    [
        (["yes", "no", "unsure"], True),
        ([{"value": "yes", "label": "Yes, closely"}, "no"], True),
        (["no", "yes"], False),
        (["unsure", "yes", "no"], False),
        (["yes", "nay"], False),
    ],
)
def test_an_open_project_takes_more_choices_and_better_words_only(moot, choices, may: bool):
    project = moot.project()
    if may:
        written = changed(moot, project, answer_schema={"choices": choices}).answer_schema
        assert len(written["choices"]) == len(choices)
        return
    with pytest.raises(Conflict) as refusal:
        changed(moot, project, answer_schema={"choices": choices})
    assert [field.pointer for field in refusal.value.fields] == ["/answer_schema"]
    assert not changes_recorded(moot, project)


def test_a_draft_without_tasks_may_ask_for_anything(moot):
    project = moot.project(opened=False)
    asked = {"answer_schema": {"choices": ["a", "b"]}}
    assert changed(moot, project, **asked).answer_schema["choices"][0]["value"] == "a"
    moot.tasks(project, "one")
    with pytest.raises(Conflict, match="choices can be added"):
        changed(moot, project, answer_schema={"choices": ["x", "y"]})


def test_pay_is_not_lowered_while_somebody_holds_a_task_at_the_old_pay(moot):
    project, ann = moot.project(pay_minor=5), moot.person()
    moot.tasks(project, "one")
    with pytest.raises(Conflict, match="Pause the project"):
        changed(moot, project, pay_minor=4)
    leased = moot.lease(project, ann)
    with moot.work() as uow:
        change_state(uow, moot.team, project_id=project.id, state=ProjectState.PAUSED)
    with pytest.raises(Conflict, match="Pause the project"):
        changed(moot, project, pay_minor=4)
    assert changed(moot, project, pay_minor=6).pay_minor == 6
    moot.label(ann, leased.lease_id)
    assert changed(moot, project, pay_minor=4).pay_minor == 4


def test_the_currency_stays_once_somebody_was_paid_in_it(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "one")
    assert changed(moot, project, currency="USD").currency == "USD"
    moot.answer(project, ann)
    with pytest.raises(Conflict, match="currency"):
        changed(moot, project, currency="EUR")


def test_a_lower_ceiling_takes_nothing_back_and_the_recount_knows(moot):
    project = moot.project(floor=2, ceiling=2)
    moot.tasks(project, "one")
    first = moot.lease(project, ann := moot.person())
    moot.answer(project, moot.person())

    changed(moot, project, floor=1, ceiling=1)
    moot.label(ann, first.lease_id)

    assert moot.read_task(project, "one").n_labels == 2
    with moot.read() as uow:
        assert counted_integrity(uow, project_id=project.id).is_sound


def test_an_answer_to_a_task_given_before_closing_is_kept_and_paid(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "one", "two")
    leased = moot.lease(project, ann)
    with moot.work() as uow:
        change_state(uow, moot.team, project_id=project.id, state=ProjectState.CLOSED)

    done = moot.label(ann, leased.lease_id)

    assert (done.label.fate.value, done.earning.amount_minor) == ("accepted", 5)
    with pytest.raises(Conflict):
        moot.lease(project, ann)


def test_a_closed_project_keeps_its_rules(moot):
    project = moot.project()
    with moot.work() as uow:
        change_state(uow, moot.team, project_id=project.id, state=ProjectState.CLOSED)
    with pytest.raises(Conflict, match="closed project"):
        changed(moot, project, ceiling=5)
