"""The team's pages, as a browser meets them."""

import io
import re
from html import unescape

import pytest
from sqlmodel import select, update

from audit.actions import Action
from crowd.consensus_methods import methods_for
from crowd.leasing import next_lease
from crowd.models import (
    AnnotatorRecord,
    ConsensusRun,
    DataSet,
    Instructions,
    LeaseReason,
    Project,
    ProjectState,
    SkipReason,
    Task,
    TaskImport,
    TaskType,
)
from folkmoot.jobs import crowd_jobs, governance_jobs
from folkmoot.jobs.failing import fail_job
from folkmoot.kernel.errors import InvalidInput
from folkmoot.kernel.outbox import Job, JobName
from folkmoot.web.team.data_set_pages import FORMATS
from folkmoot.web.team.form_errors import errors_of
from folkmoot.web.team.project_form import ProjectForm, group_fields_of, slug_of
from folkmoot.web.team.project_page import refresh_seconds
from folkmoot.web.team.wording import (
    METHOD_NAMES,
    METHODS,
    WHY_GIVEN,
    WHY_SKIPPED,
    agreement_sentence,
)
from governance.models import ModelVersion, VersionState

PAGE = "/projects/follow-up"
FORM = {
    "title": "Is it Näh?",
    "question": "What do you see?",
    "choices": "yes: Yes, closely\n\nno",
    "instructions": "Look at *it*.",
    "floor": "2",
    "ceiling": "5",
    "confidence": "0.85",
    "gold_share": "0.1",
    "pay_minor": "12",
    "currency": "EUR",
    "lease_seconds": "300",
    "group_fields": "sex\nage: 40, 60",
}
TASKS = b"external_id,age,gold\nnew-1,41,\n,42,\nnew-2,43,perhaps\nnew-3,44,yes\n"


def rows(world, table):
    with world.services.reading() as uow:
        return uow.session.exec(select(table)).all()


def one(world, table, **wanted: object):
    found = [each for each in rows(world, table) if vars(each) | wanted == vars(each)]
    assert len(found) == 1
    return found[0]


def send_file(browser, content, name="tasks.csv", status=303):
    browser.get(PAGE)
    file = (io.BytesIO(content), name)
    answer = browser.client.post(
        f"{PAGE}/imports",
        data={"csrf_token": browser.token, "file": file},
        content_type="multipart/form-data",
    )
    assert answer.status_code == status, answer.text
    return answer.text


def with_consensus(world, browser, method="majority"):
    """Run a consensus as a person and its job would; return the run."""
    browser.get(PAGE)
    browser.post(f"{PAGE}/consensus", method=method)
    run = max(rows(world, ConsensusRun), key=lambda each: each.number)
    crowd_jobs.fit_consensus(world.services, run.id)
    return run


def with_data_set(world, browser):
    """Export a data set as a person and its job would; return it."""
    with_consensus(world, browser)
    browser.post(f"{PAGE}/data-sets")
    asked = one(world, DataSet, number=2)
    crowd_jobs.export_data_set(world.services, asked.id)
    return one(world, DataSet, number=2)


def test_every_project_is_a_card_with_what_it_cost(world, browse):
    page = browse("team").get("/projects")
    assert f'href="{PAGE}"' in page
    assert "120 labels by 3 annotators" in page


def test_a_project_is_made_from_the_form_as_a_draft(world, browse):
    browser = browse("team")
    browser.get("/projects/new")
    assert browser.post("/projects/new", **FORM) == "/projects/is-it-nah"
    made = one(world, Project, slug="is-it-nah")
    assert made.state is ProjectState.DRAFT
    assert (made.floor, made.ceiling, made.confidence, made.pay_minor) == (2, 5, 0.85, 12)
    assert [choice["label"] for choice in made.answer_schema["choices"]] == ["Yes, closely", "no"]
    assert made.group_fields == {"sex": [], "age": [40.0, 60.0]}
    assert "Import tasks. Nobody sees" in browser.get("/projects/is-it-nah")


def test_the_form_at_first_makes_a_project_with_nothing_but_words(world, browse):
    words = {"title": "A", "choices": "a\nb", "question": "", "instructions": "Choose."}
    typed = {**ProjectForm.at_first().typed, **words}
    browser = browse("team")
    browser.get("/projects/new")
    assert browser.post("/projects/new", **typed) == "/projects/a"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"ceiling": "1"}, "not below “At least”"),
        ({"floor": "many"}, "whole number from 1 to 100"),
        ({"choices": "yes"}, "At least two different answers"),
        ({"choices": "yes: Yes\nyes: No"}, "At least two different answers"),
        ({"task_type": "rating", "choices": "1: low\n1: high"}, "At least two different answers"),
        ({"task_type": "number", "settings": "{"}, "Settings are a JSON object"),
        ({"sensitive_per_day": "3"}, "It needs a kind of content"),
        ({"watch.too_fast.run": "1"}, "greater than or equal to 2"),
        ({"watch.copied.action": "retrain"}, "Only a project with training"),
        ({"slug": "follow-up"}, "already a project with the short name"),
        ({"slug": "new"}, "is taken"),
        ({"slug": "So So"}, "lower-case letters"),
        ({"group_fields": "age: forty"}, "band edges are numbers"),
        ({"currency": "euro"}, "Three capital letters"),
        ({"pay_minor": "0.5"}, "whole number of cents"),
    ],
)
def test_a_refused_form_says_what_is_wrong_and_keeps_what_was_typed(world, browse, wrong, sentence):
    browser = browse("team")
    browser.get("/projects/new")
    is_taken = wrong == {"slug": "follow-up"}
    page = unescape(browser.post("/projects/new", 409 if is_taken else 422, **(FORM | wrong)))
    assert sentence in page
    assert 'class="field-error"' in page
    assert "Look at *it*." in page
    assert len(rows(world, Project)) == 1


def test_what_concerns_no_field_stands_above_the_form():
    assert errors_of(InvalidInput("No.")) == {"form": "No."}


def test_an_address_is_made_from_a_title():
    assert slug_of("  Is it *Näh*? (2) ") == "is-it-nah-2"
    assert len(slug_of("long " * 40)) <= 60
    assert not slug_of("long " * 40).endswith("-")


def test_group_fields_without_edges_are_compared_by_their_values():
    assert group_fields_of("sex\n\nage:40 , 60\n") == {"sex": [], "age": [40.0, 60.0]}


def test_refused_rows_are_shown_by_line_and_reason(world, browse):
    browser = browse("team")
    send_file(browser, TASKS)
    wanted = one(world, TaskImport)
    crowd_jobs.import_tasks(world.services, wanted.id)
    page = unescape(browser.get(f"{PAGE}/imports"))
    assert "2 added, 0 known or repeated, 2 refused" in page
    assert "Line 3.</span> The external_id is missing." in page
    assert "Line 4.</span> The gold answer is not allowed." in page


def test_an_import_that_ends_while_it_is_watched_has_its_card_drawn_anew_once(world, browse):
    browser = browse("team")
    send_file(browser, TASKS)
    wanted = one(world, TaskImport)
    part, card = f"import-{wanted.id}", f"import-{wanted.id}-card"
    assert f'id="{card}"' in browser.get(f"{PAGE}/imports")
    assert "Break it off" in browser.get(f"{PAGE}/imports")
    crowd_jobs.import_tasks(world.services, wanted.id)

    def redraws(target: str) -> bool:
        page = browser.client.get(f"{PAGE}/imports", headers={"HX-Target": target}).text
        assert "Break it off" not in page
        return f'hx-trigger="load" hx-select="#{card}" hx-target="#{card}"' in page

    assert [redraws(part), redraws(card), redraws("")] == [True, False, False]


def test_a_file_that_cannot_be_tasks_is_refused_where_it_was_chosen(world, browse):
    browser = browse("team")
    page = send_file(browser, b"name\nx\n", status=422)
    assert "The file has no column named external_id." in page
    assert 'id="file-error"' in page
    assert "must end in one of" in send_file(browser, b"x", name="tasks.docx", status=422)
    assert rows(world, TaskImport) == []


def test_a_form_without_a_file_asks_for_one(browse):
    browser = browse("team")
    browser.get(PAGE)
    assert "Choose a file of tasks first." in browser.post(f"{PAGE}/imports", 422)


def test_a_failed_import_says_why(world, browse):
    browser = browse("team")
    send_file(browser, b"[1, 2", name="tasks.json")
    wanted = one(world, TaskImport)
    with world.services.unit_of_work() as uow:
        job = uow.session.exec(select(Job).where(Job.name == JobName.IMPORT_TASKS)).one()
        fail_job(uow, job, message="The file is not JSON.")
    assert one(world, TaskImport).id == wanted.id
    assert "The file is not JSON." in browser.get(f"{PAGE}/imports")


def test_a_project_looks_again_by_itself_while_annotators_label(world, browse):
    browser = browse("team")
    figures = re.compile(r'id="figures"[^>]*')
    assert "hx-trigger" not in figures.search(browser.get(PAGE)).group()
    send_file(browser, b"external_id,age\nnew-1,41\n")
    crowd_jobs.import_tasks(world.services, one(world, TaskImport).id)
    assert "every 5s" in figures.search(browser.get(PAGE)).group()
    browser.post(f"{PAGE}/state", state="paused")
    assert "hx-trigger" not in figures.search(browser.get(PAGE)).group()


def test_a_project_whose_budget_is_spent_looks_again_only_for_what_somebody_holds(world, browse):
    browser = browse("team")
    send_file(browser, b"external_id,age\nnew-1,41\n")
    crowd_jobs.import_tasks(world.services, one(world, TaskImport).id)
    project = next(each for each in rows(world, Project) if PAGE.endswith(each.slug))
    is_live = 'hx-trigger="every 5s"'

    def budget(labels: int) -> None:
        with world.services.unit_of_work() as uow:
            uow.session.get_one(Project, project.id).budget_labels = labels

    assert is_live in browser.get(PAGE)
    budget(1)
    assert is_live not in browser.get(PAGE)
    budget(1_000_000)
    with world.services.unit_of_work() as uow:
        held = next_lease(uow, project_id=project.id, annotator_id=world.actor("annotator").id)
    assert held is not None
    budget(1)
    assert is_live in browser.get(PAGE)


@pytest.mark.parametrize(
    ("n_tasks", "is_working", "is_asking", "seconds"),
    [
        (10, True, True, 2),
        (9_999, False, True, 5),
        (10_000, True, False, 15),
        (10_000, False, True, 30),
        (10_000, False, False, None),
    ],
)
def test_a_page_with_many_tasks_looks_again_less_often(n_tasks, is_working, is_asking, seconds):
    assert refresh_seconds(n_tasks, is_working=is_working, is_asking=is_asking) == seconds


def test_what_looks_again_by_itself_holds_nothing_that_is_typed(world, browse):
    send_file(browse("team"), b"external_id,age\nnew-1,41\n")
    page = browse("team").get(PAGE)
    live = page[page.index('id="figures"') : page.index('id="consensus"')]
    assert "<input" not in live
    assert "<select" not in live


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_a_project_is_paused_and_closed(world, browse, state):
    browser = browse("team")
    browser.get(PAGE)
    browser.post(f"{PAGE}/state", state=state)
    assert one(world, Project).state == state


def test_what_cannot_be_done_is_said_on_the_page_it_was_tried_on(world, browse):
    browser = browse("team")
    browser.get(PAGE)
    browser.post(f"{PAGE}/state", state="closed")
    assert browser.post(f"{PAGE}/state", state="open") == PAGE
    assert "A project that is closed cannot become open." in browser.get(PAGE)
    browser.post(f"{PAGE}/state", 422, state="draft")


def test_a_consensus_shows_agreement_annotators_and_accuracy(world, browse):
    browser = browse("team")
    page = browser.get(PAGE)
    assert "after a consensus" in page
    with_consensus(world, browser, "dawid_skene")
    page = browser.get(PAGE)
    assert "Run 2</span>, Dawid and Skene" in page
    assert "Ada Annotator" in page
    assert 'aria-label="Ada Annotator:' in page
    assert "Right in" in page
    assert "Agreement 0." in page


def test_figures_that_tell_too_little_say_so_instead(world, browse):
    browser = browse("team")
    with_consensus(world, browser, "dawid_skene")
    with world.services.unit_of_work() as uow:
        uow.session.exec(update(ConsensusRun).values(agreement=None))
        uow.session.exec(update(AnnotatorRecord).values(n_labels=19))
    page = browser.get(PAGE)
    assert "not estimable: too few people answered the same tasks" in page
    assert page.count("too few to say") == 3
    assert 'aria-label="Ada Annotator:' not in page


def test_what_a_consensus_changed_is_shown_and_handed_out(world, browse):
    browser = browse("team")
    first = with_consensus(world, browser)
    second = with_consensus(world, browser, "dawid_skene")

    assert f'href="{PAGE}/consensus/{second.id}"' in browser.get(PAGE)
    page = browser.get(f"{PAGE}/consensus/{second.id}")
    assert f"Run {first.number} to run {second.number}" in page
    assert "by Dawid and Skene, says otherwise than the one by majority" in page
    file = browser.client.get(f"{PAGE}/consensus/{second.id}.csv?since={first.id}")
    assert file.mimetype == "text/csv"
    assert file.text.startswith("external_id,change,answer_before")
    oldest = one(world, ConsensusRun, number=1)
    browser.get(f"{PAGE}/consensus/{oldest.id}", status=409)


def test_a_consensus_can_be_broken_off(world, browse):
    browser = browse("team")
    browser.get(PAGE)
    browser.post(f"{PAGE}/consensus", method="majority")
    run = rows(world, ConsensusRun)[-1]
    assert "Break it off" in browser.get(PAGE)

    browser.post(f"{PAGE}/consensus/{run.id}/cancel")
    crowd_jobs.fit_consensus(world.services, run.id)
    page = browser.get(PAGE)
    assert "broken off" in page
    assert "Break it off" not in page


def test_a_running_consensus_is_watched(world, browse):
    browser = browse("team")
    browser.get(PAGE)
    browser.post(f"{PAGE}/consensus", method="majority")
    assert re.search(
        r'id="runs" hx-get="/projects/follow-up" hx-trigger="every 2s"', browser.get(PAGE)
    )


def test_an_unknown_method_is_refused_on_the_page(browse):
    browser = browse("team")
    browser.get(PAGE)
    browser.post(f"{PAGE}/consensus", method="magic")
    assert "the method must be one of" in browser.get(PAGE)


def test_tasks_are_found_by_a_part_of_their_id(world, browse):
    page = browse("team").get(f"{PAGE}/tasks?search=-007")
    assert re.findall(r">(patient-\d+)</a>", page) == ["patient-007"]
    assert "No task fits" in browse("team").get(f"{PAGE}/tasks?state=open")


def test_a_task_shows_every_label_and_why_it_was_given(world, browse):
    browser = browse("team")
    with_consensus(world, browser)
    task = one(world, Task, external_id="patient-007")
    page = browser.get(f"{PAGE}/tasks/{task.id}")
    for name in ("Ann Annotator", "Abel Annotator", "Ada Annotator"):
        assert name in page
    assert WHY_GIVEN["order"] in page
    assert "in run 2" in page
    assert "instructions 1" in page


def test_a_task_of_another_project_is_not_found(world, browse):
    browser = browse("team")
    browser.get("/projects/new")
    browser.post("/projects/new", **FORM)
    task = rows(world, Task)[0]
    browser.get(f"/projects/is-it-nah/tasks/{task.id}", 404)


def test_a_recount_finds_nothing_wrong(browse):
    assert "Everything is as it must be" in browse("team").get(f"{PAGE}/recount")


def test_instructions_are_rewritten_as_a_new_version(world, browse):
    browser = browse("team")
    assert "Look at the record." in browser.get(f"{PAGE}/instructions")
    browser.post(f"{PAGE}/instructions", instructions="Look\r\n**twice**.")
    assert one(world, Instructions, version=2).text == "Look\n**twice**."
    assert "<strong>twice</strong>" in browser.get(f"{PAGE}/instructions")


def test_a_data_set_is_exported_and_loaded_in_three_lines(world, browse):
    browser = browse("team")
    browser.get(PAGE)
    made = with_data_set(world, browser)
    assert "version 2" in browser.get("/data-sets")
    page = unescape(browser.get(f"/data-sets/{made.id}"))
    assert '.data_set("follow-up", 2).to_pandas()' in page
    assert made.manifest["files"]["parquet"]["digest"] in page
    assert "Nobody yet." in page


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
def test_a_download_is_the_very_file_and_is_recorded(world, browse, file_format):
    browser = browse("team")
    made = with_data_set(world, browser)
    answer = browser.client.get(f"/data-sets/{made.id}/files/{file_format}")
    assert len(answer.data) == made.manifest["files"][file_format]["bytes"]
    assert answer.headers["Content-Disposition"].endswith(f'"data-set-2.{file_format}"')
    actions = [entry.action for entry in world.entries(made.id)]
    assert actions.count(Action.DATA_SET_DOWNLOADED) == 1
    page = browser.get(f"/data-sets/{made.id}")
    assert f'Tamsin Team <span class="soft">{FORMATS[file_format][0]}' in page


def test_the_manifest_is_handed_out_and_no_other_format(world, browse):
    browser = browse("team")
    made = with_data_set(world, browser)
    assert browser.client.get(f"/data-sets/{made.id}/manifest.json").json == made.manifest
    browser.get(f"/data-sets/{made.id}/files/xlsx", 404)


def test_a_data_set_that_is_being_written_is_watched(world, browse):
    browser = browse("team")
    with_consensus(world, browser)
    page = browser.get(browser.post(f"{PAGE}/data-sets"))
    assert "Being written" in page
    assert "every 2s" in page


def test_a_model_shows_its_versions_figures_gate_and_calibration(world, browse):
    page = browse("team").get(f"/models/{world.model_id}")
    assert "acts now" in page
    assert "let act by Olga Officer" in page
    assert "Right on held-out cases" in page
    assert "Error by" in page or "too few cases" in page
    assert '<svg role="img" aria-labelledby="chart-' in page
    assert " style=" not in page
    assert "said yes" in page


def test_models_are_listed_with_the_version_that_acts(world, browse):
    page = browse("team").get("/models")
    assert "version 1" in page
    assert '<td class="num" data-label="Decisions">60</td>' in page


def second_version(world, browser):
    """Train a second version as a person and its job would; return it."""
    data_set = one(world, DataSet, number=1)
    browser.get(f"/models/{world.model_id}")
    browser.post(f"/models/{world.model_id}/versions", data_set_id=str(data_set.id))
    asked = one(world, ModelVersion, number=2)
    governance_jobs.train_model(world.services, asked.id)
    return one(world, ModelVersion, number=2)


def test_a_version_is_let_act_by_a_second_person_alone(world, browse):
    team, officer = browse("team"), browse("officer")
    made = second_version(world, team)
    assert made.state is VersionState.CANDIDATE
    address = f"/models/{world.model_id}/versions/2/promotion"
    page = team.get(f"/models/{world.model_id}")
    assert "promoted by a second person, not by who asked for it" in page
    assert address not in page
    assert "version 2 waits for a second person" in team.get("/models")
    assert address in officer.get(f"/models/{world.model_id}")
    officer.post(address)
    assert one(world, ModelVersion, number=2).state is VersionState.ACTIVE


def test_who_asked_for_a_version_is_refused_even_without_the_page(world, browse):
    browser = browse("team")
    second_version(world, browser)
    browser.post(f"/models/{world.model_id}/versions/2/promotion")
    assert one(world, ModelVersion, number=2).state is VersionState.CANDIDATE
    assert 'role="alert"' in browser.get(f"/models/{world.model_id}")


def test_before_and_after_are_compared_on_the_same_cases(world, browse):
    browser = browse("team")
    second_version(world, browser)
    assert re.search(
        r"On the same \d+ held-out cases version 2 errs in [\d.]+\u202f%, version 1 in",
        browser.get(f"/models/{world.model_id}"),
    )


def test_a_version_in_training_is_watched(world, browse):
    browser = browse("team")
    data_set = one(world, DataSet, number=1)
    browser.get("/models")
    address = browser.post("/models", name="second look", data_set_id=str(data_set.id))
    page = browser.get(address)
    assert "being trained" in page
    assert "every 2s" in page


@pytest.mark.parametrize("name", ["", "follow-up"])
def test_a_refused_model_says_why_and_keeps_the_name(world, browse, name):
    browser = browse("team")
    browser.get("/models")
    data_set = one(world, DataSet, number=1)
    status = 409 if name else 422
    page = browser.post("/models", status, name=name, data_set_id=str(data_set.id))
    assert 'id="name-error"' in page
    assert f'value="{name}"' in page


def test_training_from_nothing_is_refused(browse):
    browser = browse("team")
    browser.get("/models")
    page = browser.post("/models", 422, name="x", data_set_id="none")
    assert "Choose the data set to learn from." in page


def test_an_officer_reads_figures_but_no_single_labels(world, browse):
    officer = browse("officer")
    page = officer.get(PAGE)
    assert "Ada Annotator" not in page
    assert "Import a file" not in page
    officer.get(f"{PAGE}/tasks", 403)
    officer.get("/data-sets", 403)
    officer.get(f"{PAGE}/instructions", 403)


@pytest.mark.parametrize("address", ["/projects", "/projects/new", "/models", "/data-sets", PAGE])
def test_an_annotator_is_not_let_in(browse, address):
    browse("annotator").get(address, 403)


def test_every_choice_of_the_crowd_has_words():
    known = {method for task_type in TaskType for method in methods_for(task_type)}
    assert set(METHODS) == known
    assert set(METHOD_NAMES) == known
    assert set(WHY_GIVEN) == set(LeaseReason)
    assert set(WHY_SKIPPED) == set(SkipReason)


@pytest.mark.parametrize(("alpha", "word"), [(0.8, "High"), (0.667, "Fair"), (0.4, "Low")])
def test_agreement_is_put_into_words(alpha, word):
    assert agreement_sentence(alpha).startswith(word)


def test_an_officer_finds_the_models_that_wait_for_a_second_person(browse):
    officer = browse("officer")
    assert 'href="/models"' in officer.get("/governance")
    officer.get("/models")
