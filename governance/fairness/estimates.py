"""What a figure can be: an estimate with its interval, or honestly not estimable."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


class State(StrEnum):
    """Tell the two kinds of figure apart, in stored JSON too."""

    ESTIMATED = "estimated"
    NOT_ESTIMABLE = "not_estimable"


class Verdict(StrEnum):
    """Answer a comparison; silence about a small group is never an acquittal."""

    FINDING = "finding"
    NO_FINDING = "no_finding"
    NOT_ESTIMABLE = "not_estimable"


class Reason(StrEnum):
    """Say why a figure is withheld."""

    NOBODY = "nobody"
    NO_CASES = "no_cases"
    TOO_FEW_ROWS = "too_few_rows"
    TOO_FEW_PEOPLE = "too_few_people"
    NOTHING_TO_COMPARE = "nothing_to_compare"


SENTENCES = {
    Reason.NOBODY: "Nobody in this group was seen.",
    Reason.NO_CASES: "No case in this group can show this rate.",
    Reason.TOO_FEW_ROWS: "Too few cases to estimate this.",
    Reason.TOO_FEW_PEOPLE: "Too few different people to estimate this.",
    Reason.NOTHING_TO_COMPARE: "Fewer than two groups can be estimated.",
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """Hold a figure, its interval, and the number of cases that it rests on."""

    value: float
    low: float
    high: float
    n: int
    state: State = field(default=State.ESTIMATED, init=False)


@dataclass(frozen=True, slots=True)
class NotEstimable:
    """Hold the reason for a missing figure, and how many cases and people there were."""

    reason: Reason
    n: int
    people: int
    state: State = field(default=State.NOT_ESTIMABLE, init=False)

    @property
    def sentence(self) -> str:
        """Say the reason to a person."""
        return SENTENCES[self.reason]


Figure: TypeAlias = Estimate | NotEstimable


@dataclass(frozen=True, slots=True)
class Minimums:
    """Set what a cell needs before a statistic is drawn from it."""

    rows: int = 30
    people: int = 5

    def shortfall(self, rows: int, people: int) -> Reason | None:
        """Return what the cell lacks, or None when it has enough."""
        if rows == 0:
            return Reason.NO_CASES
        if rows < self.rows:
            return Reason.TOO_FEW_ROWS
        return Reason.TOO_FEW_PEOPLE if people < self.people else None
