"""The words that pictures share."""

from governance.fairness.estimates import Figure, NotEstimable, Reason, Verdict
from governance.fairness.results import Metric

VERDICTS = {
    Verdict.FINDING: "finding",
    Verdict.NO_FINDING: "no finding",
    Verdict.NOT_ESTIMABLE: "not estimable",
}
REASONS = {
    Reason.NOBODY: "nobody seen",
    Reason.NO_CASES: "no such cases",
    Reason.TOO_FEW_ROWS: "too few cases",
    Reason.TOO_FEW_PEOPLE: "too few people",
    Reason.NOTHING_TO_COMPARE: "nothing to compare",
}


def metric_name(metric: Metric) -> str:
    """Name a metric for a person."""
    return metric.value.replace("_", " ")


def percent(share: float) -> str:
    """Write a share as whole per cent."""
    return f"{share:.0%}"


def missing_words(figure: NotEstimable) -> str:
    """Say that and why a figure is missing."""
    return f"not estimable: {REASONS[figure.reason]}"


def words_of(figure: Figure) -> str:
    """Say a figure for those who hear the picture."""
    if isinstance(figure, NotEstimable):
        return f"{missing_words(figure)} (n = {figure.n})"
    ends = f"{percent(figure.low)} to {percent(figure.high)}"
    return f"{percent(figure.value)} (interval {ends}, n = {figure.n})"
