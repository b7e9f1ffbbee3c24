"""The rules of a project on its pages: every kind of answer, every rule, and who changed what."""

import re
from html import unescape

import pytest
from sqlmodel import select, update

from crowd.models import AnnotatorRecord, ContentFlag, Instructions, Project, TaskType
from crowd.project_rules import ProjectRules
from crowd.task_types import task_type_of
from folkmoot.web.team.answer_form import NAMES, TypedSchema, schema_from, typed_schema
from folkmoot.web.team.instruction_pages import diff_of
from folkmoot.web.team.project_form import ProjectForm
from folkmoot.web.team.rule_words import RULE_NAMES, changes_in

SETTINGS = "/projects/follow-up/settings"


def project_of(world) -> Project:
    with world.services.reading() as uow:
        return uow.session.exec(select(Project).where(Project.slug == "follow-up")).one()


@pytest.mark.parametrize("task_type", TaskType)
def test_what_is_typed_for_each_kind_of_answer_is_the_schema_that_is_shown(task_type):
    kind = task_type_of(task_type)
    schema = kind.check_schema(kind.example().schema)
    assert kind.check_schema(schema_from(task_type, typed_schema(task_type, schema))) == schema


@pytest.mark.parametrize("task_type", TaskType)
def test_a_project_of_each_kind_is_made_from_its_example(world, browse, task_type):
    example = typed_schema(task_type, task_type_of(task_type).example().schema)
    words = {"title": "One", "task_type": task_type.value, "instructions": "Look."}
    browser = browse("team")
    page = browser.get("/projects/new")
    assert NAMES[task_type][0] in page
    typed = {**ProjectForm.at_first().typed, **vars(example), **words}
    assert browser.post("/projects/new", **typed) == "/projects/one"
    browser.get("/projects/one")
    assert f'value="{task_type.value}" checked' in browser.get("/projects/one/settings")


def test_words_after_a_bar_say_more_of_an_answer():
    typed = TypedSchema("", "yes: Yes, closely | Within two weeks.\nno", "")
    yes, no = schema_from(TaskType.SINGLE_CHOICE, typed)["choices"]
    assert yes == {"value": "yes", "label": "Yes, closely", "help": "Within two weeks."}
    assert no == {"value": "no", "label": "no"}


def test_saving_the_settings_untouched_changes_nothing(world, browse):
    before = project_of(world)
    browser = browse("team")
    page = browser.get(SETTINGS)
    for name in ProjectForm.of(before).typed:
        is_there = f'name="{name}"' in page
        assert is_there or name == "slug", name
    browser.post(SETTINGS, **ProjectForm.of(before).typed, content_flags="")
    assert project_of(world) == before
    assert "changed the rules" not in browser.get(SETTINGS)


def test_a_changed_rule_is_told_with_both_sides_and_by_whom(world, browse):
    browser = browse("team")
    browser.get(SETTINGS)
    flags = ["", ContentFlag.HATE.value]
    browser.post(
        SETTINGS, **{"confidence": "0.95", "content_flags": flags, "watch.too_fast.seconds": "3"}
    )
    project = project_of(world)
    assert (project.confidence, project.content_flags, project.floor) == (0.95, ["hate"], 3)
    page = unescape(browser.get(SETTINGS))
    assert "Tamsin Team changed the rules" in page
    for words in ("Confident enough at", "0.95", "Patterns: too fast: seconds", "hate"):
        assert words in page


def test_the_last_answer_cannot_be_taken_away(world, browse):
    browser = browse("team")
    browser.get(SETTINGS)
    asked = {"question": "", "choices": "yes\nmaybe", "settings": "", "task_type": "single_choice"}
    page = unescape(browser.post(SETTINGS, 409, title="Typed", **asked))
    assert "no answer can be taken away" in page
    assert 'value="Typed"' in page
    assert project_of(world).title != "Typed"


def test_each_version_of_the_instructions_stays_and_shows_what_it_changed(world, browse):
    address = "/projects/follow-up/instructions"
    browser = browse("team")
    browser.get(address)
    browser.post(address, instructions="Look at the record.\nThen decide.")
    page = browser.get(address)
    assert "<ins>Then decide.</ins>" in page
    assert "What version 2 changed" in page
    first = browser.get(f"{address}?version=1")
    assert "Then decide." not in first
    assert "Save as version 3" in first
    browser.get(f"{address}?version=9", 404)
    with world.services.reading() as uow:
        assert len(uow.session.exec(select(Instructions)).all()) == 2


def test_a_difference_of_texts_names_each_line_once():
    assert [(line.kind, line.text) for line in diff_of("a\nb", "a\nc")] == [
        ("kept", "a"),
        ("removed", "b"),
        ("added", "c"),
    ]


def test_every_rule_has_words():
    assert set(RULE_NAMES) >= set(ProjectRules.model_fields)
    assert changes_in({"before": "open", "after": "paused"}) == []


def test_settings_are_for_who_manages_projects(browse):
    browse("officer").get(SETTINGS, 403)
    browse("annotator").get(SETTINGS, 403)


def test_a_project_under_its_floor_says_so_and_an_officer_may_make_an_exception(world, browse):
    with world.services.unit_of_work() as uow:
        project = uow.session.get(Project, world.project_id)
        # 120 answers in half an hour: 240 an hour at 1 cent each.
        uow.session.exec(update(AnnotatorRecord).values(active_seconds=600.0))
        project.pay_minor, project.pay_floor_minor = 1, 1200
        uow.session.add(project)
    page = browse("team").get("/projects/follow-up")
    assert 'role="alert"' in page
    assert "Make an exception" not in page
    officer = browse("officer")
    assert "Make an exception" in officer.get("/projects/follow-up")
    officer.post("/projects/follow-up/pay-exception", reason="A pilot of one day, agreed with all.")
    assert "A pilot of one day, agreed with all." in officer.get("/projects/follow-up")


def test_the_summary_leads_to_every_field_that_is_wrong_and_the_first_has_the_focus(browse):
    browser = browse("team")
    browser.get(SETTINGS)
    page = unescape(browser.post(SETTINGS, 422, floor="9", ceiling="7", budget_labels="5"))
    links = [f'<li><a href="#{name}">' for name in ("floor", "ceiling", "budget_labels")]
    places = [page.index(link) for link in links]
    assert places == sorted(places)
    assert "3 fields need another look" in page
    assert page.count(" autofocus") == 1
    (floor,) = re.findall(r'<input id="floor"[^>]*>', page)
    assert " autofocus" in floor
    for name in ("floor", "ceiling", "budget_labels"):
        assert page.count(f'id="{name}"') == 1
