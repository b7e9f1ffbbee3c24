"""What a version's training measured: accuracy, comparison, gate, groups, calibration."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from pydantic import BaseModel, TypeAdapter

from folkmoot.kernel.json_values import Json
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.figures import Rate, rate_of
from folkmoot.web.officer.conclusions import group_report_of
from folkmoot.web.officer.sentences import readable
from governance.fairness.estimates import Estimate, Figure
from governance.fairness.results import Gap, Metric
from governance.models import ModelVersion, Report, ReportKind
from governance.reporting import reports

FIGURE: TypeAdapter[Figure] = TypeAdapter(Figure)
MEASURED_AGAINST = {"outcomes": "what turned out true", "consensus": "the consensus"}
NO_REPORT = "no fairness report yet"
UNKNOWN = Rate(None, note="not measured yet")


class StoredClause(BaseModel):
    """One clause of the gate, as a version keeps it."""

    name: str
    state: str
    sentence: str


class StoredGate(BaseModel):
    """The gate's verdict, as a version keeps it."""

    passed: bool = False
    clauses: list[StoredClause] = []


class StoredComparison(BaseModel):
    """The comparison on the same cases, as a version keeps it."""

    with_version: int | None = None
    before: Estimate
    after: Estimate
    difference: Estimate
    mended: int
    broken: int
    p_value: float


class StoredConfusion(BaseModel):
    """Truth by row and proposal by column, as a version keeps it."""

    classes: list[str] = []
    confusion: list[list[int]] = []


@dataclass(frozen=True)
class Check:
    """One clause of the gate; state is passed, failed or not_estimable."""

    label: str
    state: str
    sentence: str


@dataclass(frozen=True)
class WidestGap:
    """How far the error rates of groups differ, and which groups they are."""

    rate: Rate
    note: str | None = None
    report: Report | None = None


def accuracy_of_version(version: ModelVersion) -> Rate:
    """Return how often a version was right on held-out cases."""
    if "error" not in version.metrics:
        return UNKNOWN
    wrong = rate_of(FIGURE.validate_python(version.metrics["error"]))
    if wrong.value is None or wrong.low is None or wrong.high is None:
        return wrong
    return Rate(1 - wrong.value, 1 - wrong.high, 1 - wrong.low, total=wrong.total)


def measured_text(version: ModelVersion) -> str | None:
    """Say on how many cases a version was measured, and against what."""
    held_out, against = version.metrics.get("held_out"), version.metrics.get("measured_against")
    if not isinstance(held_out, dict):
        return None
    return f"{held_out['cases']} cases, against {MEASURED_AGAINST.get(str(against), against)}"


def checks_of(version: ModelVersion) -> list[Check]:
    """Return the clauses of a version's gate."""
    gate = StoredGate.model_validate(version.gate)
    return [Check(_clause_name(each.name), each.state, each.sentence) for each in gate.clauses]


def _clause_name(name: str) -> str:
    kind, _, field = name.partition(":")
    return f"Gap by {readable(field)}." if kind == "gap" else f"{readable(kind).capitalize()}."


def comparison_sentence(version: ModelVersion) -> str | None:
    """Say how a version did on the same cases as what decided before it."""
    if "comparison" not in version.metrics:
        return None
    found = StoredComparison.model_validate(version.metrics["comparison"])
    other = f"version {found.with_version}" if found.with_version else "the commonest answer"
    return (
        f"On the same {found.difference.n:,} held-out cases version {version.number} errs in "
        f"{_percent(found.after)}, {other} in {_percent(found.before)}: "
        f"{_points(found.difference)}. {found.mended} cases were mended and "
        f"{found.broken} broken (p = {found.p_value:.3f}, McNemar’s exact test)."
    )


def _percent(share: Estimate) -> str:
    return f"{100 * share.value:.1f}\u202f%"


def _points(difference: Estimate) -> str:
    value, low, high = (
        f"{100 * each:+.1f}".replace("-", "\u2212")
        for each in (difference.value, difference.low, difference.high)
    )
    return f"{value} points ({low} to {high})"


def confusion_of(version: ModelVersion) -> StoredConfusion:
    """Return the table of truth and proposal."""
    return StoredConfusion.model_validate(
        {name: version.metrics.get(name, []) for name in StoredConfusion.model_fields}
    )


def calibration_of(version: ModelVersion) -> Markup | None:
    """Return the picture of how far a version's certainty was borne out."""
    drawn: Json = version.figures.get("calibration")
    # Our own worker drew it: no script, no style, and every text in it escaped.
    return Markup(drawn) if isinstance(drawn, str) else None  # noqa: S704


def widest_gap_of(uow: UnitOfWork, version: ModelVersion) -> WidestGap:
    """Return the widest gap in error between groups that the newest fairness report found."""
    found = reports(
        uow,
        wanted=PageRequest(limit=5),
        kind=ReportKind.MODEL_FAIRNESS,
        model_version_id=version.id,
    ).items
    finished = [report for report in found if report.state is WorkState.FINISHED]
    if not finished:
        return WidestGap(Rate(None, note=NO_REPORT))
    return _widest(finished[0], group_report_of(finished[0]).gaps)


def _widest(report: Report, gaps: Sequence[Gap]) -> WidestGap:
    compared = [
        (gap.difference, gap)
        for gap in gaps
        if gap.metric is Metric.ERROR_RATE and isinstance(gap.difference, Estimate)
    ]
    if not compared:
        return WidestGap(Rate(None, note="too few cases in each group"), report=report)
    difference, gap = max(compared, key=lambda each: abs(each[0].value))
    return WidestGap(_without_sign(difference), _groups_words(gap), report)


def _without_sign(difference: Estimate) -> Rate:
    """Return a gap as a size; which group it is that errs more, the words say."""
    if difference.value >= 0:
        return Rate(difference.value, difference.low, difference.high)
    return Rate(-difference.value, -difference.high, -difference.low)


def _groups_words(gap: Gap) -> str:
    first, second = (", ".join(group or ()) for group in (gap.first, gap.second))
    low, high = (first, second) if _is_negative(gap) else (second, first)
    return f"Error by {' and '.join(gap.attributes)}: {high} above {low}."


def _is_negative(gap: Gap) -> bool:
    return isinstance(gap.difference, Estimate) and gap.difference.value < 0
