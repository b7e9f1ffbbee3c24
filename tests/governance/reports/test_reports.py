"""Reports: asked for in full, computed from what was read, kept with a digest."""

import json
from types import SimpleNamespace

import pytest
from sqlmodel import col, select

from audit.actions import Action
from audit.canonical import digest
from folkmoot.kernel.errors import Conflict, InvalidInput, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.outbox import Job, JobName, WorkState
from folkmoot.kernel.pagination import PageRequest
from governance.grouping import GroupField
from governance.models import Report, ReportKind
from governance.reporting import ReportDefinition, report_by_id, reports, request_report
from governance.reports.annotator_fairness import GivenAnswer, references_of
from governance.reports.running import load_report, store_report

SEX_AND_AGE = ReportDefinition(
    attributes=(GroupField(field="sex"), GroupField(field="age", bands=(40, 60)))
)


def _request(court, kind, version=None, definition=SEX_AND_AGE) -> Report:
    with court.work() as uow:
        return request_report(
            uow,
            court.officer,
            kind=kind,
            project_id=court.project.id,
            model_version_id=None if version is None else version.id,
            definition=definition,
        )


def _run(court, report) -> Report:
    with court.read() as uow:
        problem = load_report(uow, court.artifacts, report_id=report.id)
    content = problem.solve()
    with court.work() as uow:
        return store_report(uow, report_id=report.id, content=content)


@pytest.fixture
def measured(court):
    court.policy()
    court.outcomes()
    version = court.train(court.request(court.model(), court.data_set(court.patients[:300])))
    return SimpleNamespace(court=court, version=version)


def test_a_model_is_reported_by_group_with_small_cells_not_estimable(measured) -> None:
    court = measured.court
    report = _run(court, _request(court, ReportKind.MODEL_FAIRNESS, measured.version))
    found = report.result["report"]
    groups = {", ".join(row["group"]): row["rates"]["error_rate"] for row in found["groups"]}
    assert set(groups) >= {"sex 1", "sex 2", "age under 40", "sex 1, age under 40"}
    states = {figure["state"] for figure in groups.values()}
    assert states == {"estimated", "not_estimable"}
    assert groups["sex 1"]["n"] + groups["sex 2"]["n"] == report.result["cases"]
    overall = found["everyone"]["rates"]["error_rate"]["value"]
    assert overall == pytest.approx(measured.version.metrics["error"]["value"])
    assert set(report.figures) == {
        "selection_rate", "error_rate", "false_positive_rate", "false_negative_rate", "gaps",
    }  # fmt: skip
    assert all(svg.startswith("<svg") for svg in report.figures.values())


def test_a_finished_report_is_recorded_with_its_digest_once(measured) -> None:
    court = measured.court
    report = _request(court, ReportKind.MODEL_FAIRNESS, measured.version)
    first, again = _run(court, report), _run(court, report)
    assert first.state is WorkState.FINISHED
    assert first.digest == digest({"definition": first.definition, "result": first.result})
    assert again.digest == first.digest
    (entry,) = court.entries(Action.REPORT_FINISHED)
    assert json.loads(entry.envelope)["facts"]["digest"] == first.digest
    assert len(court.entries(Action.REPORT_REQUESTED)) == 1


def test_a_report_without_a_definition_takes_the_projects_groups_and_says_so(measured) -> None:
    court = measured.court
    report = _request(court, ReportKind.MODEL_FAIRNESS, measured.version, ReportDefinition())
    fields = [attribute["field"] for attribute in report.definition["attributes"]]
    assert fields == ["sex", "age"]
    assert report.definition["positive"] == "yes"


def test_without_intersections_only_single_fields_are_compared(measured) -> None:
    court = measured.court
    definition = SEX_AND_AGE.model_copy(update={"intersections": False})
    report = _run(court, _request(court, ReportKind.MODEL_FAIRNESS, measured.version, definition))
    assert {len(row["attributes"]) for row in report.result["report"]["groups"]} == {1}


def test_a_request_asks_for_a_job_and_reports_are_listed(measured) -> None:
    court = measured.court
    report = _request(court, ReportKind.MODEL_FAIRNESS, measured.version)
    with court.read() as uow:
        jobs = uow.session.exec(select(Job).where(col(Job.name) == JobName.RUN_REPORT)).all()
        assert [job.subject_id for job in jobs] == [report.id]
        listed = reports(uow, wanted=PageRequest(), model_version_id=measured.version.id)
        assert [each.id for each in listed.items] == [report.id]
        with pytest.raises(NotFound):
            report_by_id(uow, new_id())


def test_a_report_about_the_wrong_thing_is_refused(court) -> None:
    version = court.request(court.model(), court.data_set(court.patients[:50]))
    with pytest.raises(InvalidInput, match="Say which model version"):
        _request(court, ReportKind.MODEL_FAIRNESS)
    with pytest.raises(InvalidInput, match="not about a model version"):
        _request(court, ReportKind.ANNOTATOR_FAIRNESS, version)
    with pytest.raises(Conflict, match="not trained yet"):
        _request(court, ReportKind.MODEL_FAIRNESS, version)
    with pytest.raises(InvalidInput, match="Choose one of: yes, no"):
        _request(
            court, ReportKind.ANNOTATOR_FAIRNESS, definition=ReportDefinition(positive="perhaps")
        )


def test_an_annotator_who_treats_one_sex_differently_differs(court) -> None:
    """Five are always right; one says yes of every patient of sex 2."""
    court.crowd_labels(
        court.patients[:200],
        [
            *[lambda patient: patient.answer] * 5,
            lambda patient: "yes" if patient.payload["sex"] == 2 else patient.answer,
        ],
    )
    report = _run(court, _request(court, ReportKind.ANNOTATOR_FAIRNESS))
    people = report.result["by_field"]["sex"]["annotators"]
    differing = {
        person["annotator"]
        for person in people
        for contrast in person["contrasts"]
        if contrast["contrast"] == "errors_between_item_groups" and contrast["verdict"] == "finding"
    }
    assert differing == {"A6"}
    assert len(report.result["people"]) == 6
    assert set(report.figures) == {"sex", "age"}
    assert court.team.name not in json.dumps(report.result)


def test_nobody_is_compared_with_their_own_answer() -> None:
    one, two = new_id(), new_id()

    def given(annotator, task, answer, gold=None) -> GivenAnswer:
        return GivenAnswer(annotator, task, answer, gold, {})

    answers = [
        given("a", one, "yes"),
        given("b", one, "no"),
        given("c", one, "no"),
        given("a", two, "yes", "no"),
    ]
    # Of a's view of task one the others say no; b and c face a tie; gold needs no others.
    assert references_of(answers) == ["no", None, None, "no"]
