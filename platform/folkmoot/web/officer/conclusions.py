"""What a fairness report says: each comparison in a sentence, and all of them in a word."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import TypeAdapter

from governance.fairness.annotator_results import (
    AnnotatorReport,
    Contrast,
    Differs,
)
from governance.fairness.estimates import Estimate, Verdict
from governance.fairness.results import Gap, GroupReport, Metric
from governance.models import Report, ReportKind

GROUP_REPORT = TypeAdapter(GroupReport)
ANNOTATOR_REPORTS = TypeAdapter(dict[str, AnnotatorReport])
# What matters most is read first.
ORDER = {Verdict.FINDING: 0, Verdict.NO_FINDING: 1, Verdict.NOT_ESTIMABLE: 2}
METRICS = {
    Metric.SELECTION_RATE: "Selection rate",
    Metric.ERROR_RATE: "Error rate",
    Metric.FALSE_POSITIVE_RATE: "False positive rate",
    Metric.FALSE_NEGATIVE_RATE: "False negative rate",
}


@dataclass(frozen=True)
class Conclusion:
    """One comparison and its verdict."""

    state: str
    sentence: str


@dataclass(frozen=True)
class Summary:
    """All comparisons together."""

    verdict: str
    tone: str
    sentence: str


def group_report_of(report: Report) -> GroupReport:
    """Return what a finished report of a model found."""
    return GROUP_REPORT.validate_python(report.result["report"])


def annotator_reports_of(report: Report) -> dict[str, AnnotatorReport]:
    """Return what a finished report of annotators found, by the field that groups the items."""
    return ANNOTATOR_REPORTS.validate_python(report.result["by_field"])


def conclusions_of(report: Report) -> list[Conclusion]:
    """Return every comparison of a finished report, findings first."""
    if report.kind is ReportKind.MODEL_FAIRNESS:
        found = [Conclusion(gap.verdict, _gap_words(gap)) for gap in group_report_of(report).gaps]
    else:
        found = list(_annotator_conclusions(annotator_reports_of(report)))
    return sorted(found, key=lambda each: ORDER[Verdict(each.state)])


def verdict_of(report: Report) -> Summary:
    """Sum up a finished report in a word and a sentence."""
    found = conclusions_of(report)
    by_state = {verdict: [each for each in found if each.state == verdict] for verdict in Verdict}
    findings = by_state[Verdict.FINDING]
    if findings:
        noun = "finding" if len(findings) == 1 else "findings"
        return Summary(f"{len(findings)} {noun}", "warn", findings[0].sentence)
    if by_state[Verdict.NO_FINDING]:
        seen = len(by_state[Verdict.NO_FINDING])
        return Summary("no finding", "good", f"{seen} of {len(found)} comparisons could be made.")
    return Summary("not estimable", "", "There are too few cases for any comparison.")


def points(difference: float) -> str:
    """Write a difference between two shares."""
    return f"{abs(difference) * 100:.0f} points"


def _gap_words(gap: Gap) -> str:
    subject = f"{METRICS[gap.metric]} by {' and '.join(gap.attributes)}"
    if gap.first is None or gap.second is None or not isinstance(gap.difference, Estimate):
        return f"{subject}: not estimable, since fewer than two groups are large enough."
    if gap.verdict is Verdict.FINDING:
        groups = f"{', '.join(gap.first)} than for {', '.join(gap.second)}"
        return f"{subject}: {_amount(gap.difference)} higher for {groups}."
    if gap.detectable is None:
        return f"{subject}: no difference shown, but even a large one could have gone unseen."
    return (
        f"{subject}: no difference shown; "
        f"one of {points(gap.detectable)} or more would probably have been."
    )


def _annotator_conclusions(reports: dict[str, AnnotatorReport]) -> Iterable[Conclusion]:
    for at, (field, report) in enumerate(reports.items()):
        for person in report.annotators:
            for found in person.contrasts:
                # Whether someone differs from the others does not depend on the field.
                if at == 0 or found.contrast is not Contrast.ERRORS_AND_OTHERS:
                    subject = f"{person.annotator} {_deed(found, report.positive)}"
                    yield Conclusion(found.verdict, f"{subject} {_contrast_words(found, field)}")


def _deed(found: Differs, positive: str) -> str:
    if found.contrast is Contrast.LABELS_BETWEEN_ITEM_GROUPS:
        return f"answers “{positive}”"
    return "differs from the reference"


def _contrast_words(found: Differs, field: str) -> str:
    beside_others = found.contrast is Contrast.ERRORS_AND_OTHERS
    if not isinstance(found.difference, Estimate):
        compared = "than the others" if beside_others else f"by {field}"
        return f"more or less often {compared}: not estimable, too few answers."
    if found.verdict is not Verdict.FINDING:
        compared = "as the others" if beside_others else f"whatever the {field}"
        return f"about as often {compared}: no difference shown."
    side = "more" if found.difference.value > 0 else "less"
    compared = "than the others" if beside_others else f"for {found.first} than for {found.second}"
    return f"{_amount(found.difference)} {side} often {compared}."


def _amount(found: Estimate) -> str:
    """Write a difference with its interval, both without the sign that the words give."""
    sign = -1 if found.value < 0 else 1
    low, high = sorted((sign * found.low * 100, sign * found.high * 100))
    return f"{points(found.value)} ({low:.0f} to {high:.0f})"
