"""One fairness report: what it says, the pictures, and the tables behind them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.figures import Rate, rate_of
from folkmoot.web.officer.conclusions import (
    METRICS,
    Conclusion,
    annotator_reports_of,
    conclusions_of,
    group_report_of,
    verdict_of,
)
from folkmoot.web.officer.report_list import STATES, title_of
from folkmoot.web.officer.sentences import readable, words_of
from governance.fairness.annotator_results import AnnotatorReport
from governance.fairness.estimates import Verdict
from governance.fairness.results import GroupRates, GroupReport, Metric
from governance.models import Report, ReportKind
from governance.naming import project_titles, subject_names
from governance.reporting import ReportDefinition

CORRECTION = "Holm"
GAPS = "gaps"


@dataclass(frozen=True)
class ReportHead:
    """What stands above the results."""

    id: str
    title: str
    lead: str
    state: str
    verdict: str
    tone: str
    created_at: datetime
    log_size: int
    digest: str


@dataclass(frozen=True)
class Plot:
    """One picture, its address, and what it shows in words."""

    title: str
    src: str
    alt: str


@dataclass(frozen=True)
class TableRow:
    """One group or annotator; `people` is None where naming the number would show who it is."""

    group: str
    people: int | None
    rates: Sequence[Rate]


@dataclass(frozen=True)
class TableView:
    """Rates by group."""

    title: str
    note: str | None
    columns: Sequence[str]
    rows: Sequence[TableRow]
    counted: str = "People"


@dataclass(frozen=True)
class ReportView:
    """Everything on the page."""

    report: ReportHead
    definition: Sequence[tuple[str, str]]
    conclusions: Sequence[Conclusion] = ()
    not_estimable: Sequence[Conclusion] = ()
    plots: Sequence[Plot] = ()
    tables: Sequence[TableView] = ()
    correction: str = CORRECTION
    download_url: str | None = None
    verify_command: str = ""


def report_view_of(uow: UnitOfWork, report: Report) -> ReportView:
    """Return a report as its page shows it."""
    name = subject_names(uow, [("report", report.id)])[report.id]
    project = project_titles(uow, [report.project_id])[report.project_id]
    if report.state is not WorkState.FINISHED:
        return ReportView(_head(report, name, project), _definition(report))
    concluded = conclusions_of(report)
    silent = [each for each in concluded if each.state == Verdict.NOT_ESTIMABLE]
    return ReportView(
        report=_head(report, name, project),
        definition=_definition(report),
        conclusions=concluded[: len(concluded) - len(silent)],  # findings come first, these last
        not_estimable=silent,
        plots=list(_plots(report)),
        tables=list(_tables(report)),
        download_url=url_for("officer.report_figures", report_id=report.id),
        verify_command=f"sha256sum {file_name_of(report)}\n{report.digest}",
    )


def figure_of(report: Report, name: str) -> str:
    """Return one picture of a report as SVG text, or refuse."""
    figure = report.figures.get(name)
    if not isinstance(figure, str):
        raise NotFound("This report has no such figure.")
    return figure


def what_was_digested(report: Report) -> JsonObject:
    """Return what the report's digest covers; its canonical bytes have that SHA-256."""
    if report.state is not WorkState.FINISHED:
        raise NotFound("This report has no figures yet.")
    return {"definition": report.definition, "result": report.result}


def file_name_of(report: Report) -> str:
    """Return the name under which a report's figures are handed out."""
    return f"report-{report.id}.json"


def _head(report: Report, name: str, project: str) -> ReportHead:
    is_done = report.state is WorkState.FINISHED
    return ReportHead(
        id=str(report.id),
        title=title_of(report, name),
        lead=project,
        state=STATES[report.state],
        verdict=verdict_of(report).verdict if is_done else "",
        tone=verdict_of(report).tone if is_done else "",
        created_at=report.finished_at or report.created_at,
        log_size=report.log_size,
        digest=report.digest,
    )


def _definition(report: Report) -> list[tuple[str, str]]:
    asked = ReportDefinition.model_validate(report.definition)
    rows = [
        ("Compared by", ", ".join(readable(each.field) for each in asked.attributes)),
        ("Intersections", "yes, two at a time" if asked.intersections else "no"),
        ("Rate compared", f"how often the answer is “{asked.positive}”"),
        ("Smallest group", f"{asked.smallest_group} cases and {asked.fewest_people} people"),
    ]
    return rows + [
        (title, words_of(report.result[key]))
        for key, title in COUNTED.items()
        if key in report.result
    ]


# What was counted, by its name in a result.
COUNTED = {
    "cases": "Cases",
    "measured_against": "Measured against",
    "without_truth": "Left out, outcome unknown",
    "labels": "Answers",
    "without_reference": "Left out, no reference",
}


def _plots(report: Report) -> Iterator[Plot]:
    # What is compared first, then the rates that the comparison is made of.
    for name in sorted(report.figures, key=lambda name: name != GAPS):
        title = _plot_title(report, name)
        src = url_for("officer.figure", report_id=report.id, name=name)
        yield Plot(title, src, f"{title}, with intervals. The tables below hold the same figures.")


def _plot_title(report: Report, name: str) -> str:
    if report.kind is ReportKind.ANNOTATOR_FAIRNESS:
        return f"Errors by annotator and {readable(name)}"
    return (
        f"{METRICS[Metric(name)]} by group" if name in {*Metric} else "Differences between groups"
    )


def _tables(report: Report) -> Iterable[TableView]:
    if report.kind is ReportKind.MODEL_FAIRNESS:
        return _group_tables(group_report_of(report))
    return [_annotator_table(field, found) for field, found in annotator_reports_of(report).items()]


def _group_tables(found: GroupReport) -> Iterator[TableView]:
    for attributes in dict.fromkeys(group.attributes for group in found.groups):
        groups = [group for group in found.groups if group.attributes == attributes]
        yield TableView(
            title="By " + " and ".join(readable(each) for each in attributes),
            note=f"Everyone together: {found.everyone.people} people",
            columns=["Group", *METRICS.values()],
            rows=[_group_row(group, found.rules.minimums.people) for group in groups],
        )


def _group_row(group: GroupRates, fewest_people: int) -> TableRow:
    return TableRow(
        group=group.name,
        people=group.people if group.people >= fewest_people else None,
        rates=[rate_of(group.rates[metric]) for metric in METRICS],
    )


def _annotator_table(field: str, found: AnnotatorReport) -> TableView:
    return TableView(
        title=f"Errors by annotator and {readable(field)}",
        note="Against checked answers, else against what most others answered",
        columns=["Annotator", "All items", *found.item_groups],
        rows=[
            TableRow(
                group=person.annotator,
                people=person.answers,
                rates=[
                    rate_of(person.error_rate),
                    *(
                        rate_of(person.error_rate_by_item_group[group])
                        for group in found.item_groups
                    ),
                ],
            )
            for person in found.annotators
        ],
        counted="Answers",
    )
