import pytest
from pydantic import ValidationError
from sqlmodel import col, select

from audit.models import Entry
from crowd.models import ProjectState
from crowd.projects import (
    ProjectDraft,
    change_state,
    instructions_of,
    project_by_id,
    project_by_slug,
    projects,
    write_instructions,
)
from folkmoot.kernel.errors import Conflict, InvalidInput, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.pagination import PageRequest


def test_a_project_starts_as_a_draft_with_its_instructions(moot):
    project = moot.project(opened=False, slug="follow-up", group_fields={"age": [45, 60]})

    with moot.read() as uow:
        stored = project_by_slug(uow, slug="follow-up")
        assert stored.id == project.id
        assert stored.state is ProjectState.DRAFT
        assert stored.group_fields == {"age": [45.0, 60.0]}
        assert instructions_of(uow, project_id=project.id).text == "Look at the record."


def test_creation_and_changes_of_state_are_recorded(moot):
    project = moot.project(opened=True)

    with moot.read() as uow:
        entries = uow.session.exec(
            select(Entry).where(Entry.subject_id == project.id).order_by(col(Entry.id))
        ).all()
    assert [entry.action.value for entry in entries] == ["project.created", "project.state_changed"]


@pytest.mark.parametrize("title", ["Follow\u202eup", "Follow\x07up", "Two\nlines", " "])
def test_a_title_is_one_visible_line(moot, title: str):
    with pytest.raises(ValidationError):
        moot.project(title=title)
    assert moot.project(instructions="Two\nlines, \u200fand a mark").title == "Follow-up"


def test_a_short_name_is_taken_once(moot):
    moot.project(slug="twins")

    with pytest.raises(Conflict, match="twins"):
        moot.project(slug="twins")


def test_an_answer_schema_that_fits_no_task_type_is_refused(moot):
    with pytest.raises(InvalidInput, match="single choice"):
        moot.project(answer_schema={"choices": []})


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "Not A Slug"},
        {"title": "  "},
        {"title": "null\x00"},
        {"confidence": 1.01},
        {"content_flags": ["spiders"]},
        {"suggestion_share": 1.5},
        {"training_questions": -1},
        {"break_after_minutes": 1},
        {"currency": "euro"},
        {"gold_share": 0.6},
        {"colour": "red"},
    ],
)
def test_a_draft_that_breaks_a_rule_is_refused(wrong):
    right = {
        "slug": "a",
        "title": "A",
        "answer_schema": {"choices": ["a", "b"]},
        "instructions": "Look.",
    }
    ProjectDraft.model_validate(right)
    with pytest.raises(ValidationError):
        ProjectDraft.model_validate(right | wrong)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"floor": 4, "ceiling": 3}, "/ceiling"),
        ({"floor": 2, "ceiling": 2, "budget_labels": 1}, "/budget_labels"),
        ({"pay_minor": 0, "pay_floor_minor": 1200}, "/pay_floor_minor"),
        ({"sensitive_per_day": 10}, "/sensitive_per_day"),
        ({"qualification_days": 30}, "/qualification_days"),
    ],
)
def test_rules_that_contradict_each_other_are_refused_by_name(moot, wrong, pointer: str):
    with pytest.raises(InvalidInput) as refusal:
        moot.project(**wrong)
    assert [field.pointer for field in refusal.value.fields] == [pointer]


def test_content_flags_are_kept_once_and_in_one_order(moot):
    project = moot.project(content_flags=["hate", "violence", "hate"])
    assert project.content_flags == ["violence", "hate"]


def test_a_closed_project_stays_closed(moot):
    project = moot.project()
    with moot.work() as uow:
        change_state(uow, moot.team, project_id=project.id, state=ProjectState.CLOSED)

    with pytest.raises(Conflict, match="closed cannot become open"), moot.work() as uow:
        change_state(uow, moot.team, project_id=project.id, state=ProjectState.OPEN)


def test_new_instructions_are_a_new_version_and_the_old_one_stays(moot):
    project = moot.project()
    with moot.work() as uow:
        changed = write_instructions(uow, moot.team, project_id=project.id, text="Look twice.")

    assert changed.instructions_version == 2
    with moot.read() as uow:
        assert instructions_of(uow, project_id=project.id).text == "Look twice."
        old = instructions_of(uow, project_id=project.id, version=1)
        assert old.text == "Look at the record."


def test_projects_come_newest_first_and_by_state(moot):
    first, second = moot.project(), moot.project(opened=False)

    with moot.read() as uow:
        everything = projects(uow, wanted=PageRequest(limit=1))
        rest = projects(uow, wanted=PageRequest(cursor=everything.next_cursor))
        opened = projects(uow, wanted=PageRequest(), state=ProjectState.OPEN)
    assert [project.id for project in everything.items] == [second.id]
    assert [project.id for project in rest.items] == [first.id]
    assert [project.id for project in opened.items] == [first.id]


def test_an_unknown_project_is_not_found(moot):
    with pytest.raises(NotFound), moot.read() as uow:
        project_by_id(uow, project_id=new_id())
