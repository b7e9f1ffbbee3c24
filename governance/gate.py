"""The gate that a version passes before anyone may promote it: pure, clause by clause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from governance.fairness.estimates import Estimate, Figure
from governance.fairness.paired import PairedErrors, compare_errors
from governance.gap_growth import Flags, gap_growth
from governance.policies import GateRule


class ClauseState(StrEnum):
    """How a clause ended; one that cannot be estimated is reported and stops nobody."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ESTIMABLE = "not_estimable"


@dataclass(frozen=True)
class Clause:
    """One demand of the gate, the figure it was judged by, and the limit set beforehand."""

    name: str
    state: ClauseState
    figure: Figure
    limit: float
    sentence: str


@dataclass(frozen=True)
class GateVerdict:
    """Whether a version passed, compared with which version's id (None: the commonest answer)."""

    passed: bool
    compared_with: str | None
    clauses: tuple[Clause, ...]


@dataclass(frozen=True)
class ComparedCases:
    """Cases answered by both the version in force and the new one; one entry a case.

    `groups` holds, by field, the group of each case, None where unknown.
    """

    truth: Sequence[str]
    before: Sequence[str]
    after: Sequence[str]
    groups: Mapping[str, Sequence[str | None]]


def compare(cases: ComparedCases) -> PairedErrors:
    """Compare the errors of both versions on the same cases."""
    return compare_errors(np.array(cases.truth), np.array(cases.before), np.array(cases.after))


def judge(
    cases: ComparedCases, rule: GateRule, *, compared_with: str | None, seed: int
) -> GateVerdict:
    """Judge a new version by the rule that was declared before."""
    clauses = (
        _error_clause(compare(cases).difference, rule),
        *(_gap_clause(cases, field, rule, seed) for field in cases.groups),
    )
    failed = any(clause.state is ClauseState.FAILED for clause in clauses)
    return GateVerdict(not failed, compared_with, clauses)


def _error_clause(increase: Estimate, rule: GateRule) -> Clause:
    passed = increase.high <= rule.max_error_increase
    return Clause(
        name="error",
        state=ClauseState.PASSED if passed else ClauseState.FAILED,
        figure=increase,
        limit=rule.max_error_increase,
        sentence=(
            f"The error changes by {_points(increase.value)} and, with 95 % confidence, by no "
            f"more than {_points(increase.high)}; {_points(rule.max_error_increase)} are allowed."
        ),
    )


def _gap_clause(cases: ComparedCases, field: str, rule: GateRule, seed: int) -> Clause:
    growth = gap_growth(
        cases.groups[field],
        _wrong(cases.truth, cases.before),
        _wrong(cases.truth, cases.after),
        smallest_group=rule.smallest_group,
        seed=seed,
    )
    state, sentence = _gap_state(growth, field, rule)
    return Clause(f"gap:{field}", state, growth, rule.max_gap_increase, sentence)


def _gap_state(growth: Figure, field: str, rule: GateRule) -> tuple[ClauseState, str]:
    """Fail only on a finding: small groups make any estimate jump by more than the limit."""
    if not isinstance(growth, Estimate):
        return ClauseState.NOT_ESTIMABLE, (
            f"Whether groups by {field} move apart cannot be estimated: fewer than two groups "
            f"have {rule.smallest_group} cases."
        )
    failed = growth.low > rule.max_gap_increase
    return ClauseState.FAILED if failed else ClauseState.PASSED, (
        f"The widest gap in error between groups by {field} changes by {_points(growth.value)} "
        f"({_points(growth.low)} to {_points(growth.high)}); it fails where even the lower end "
        f"is above {_points(rule.max_gap_increase)}."
    )


def _wrong(truth: Sequence[str], answers: Sequence[str]) -> Flags:
    return np.asarray(np.array(truth) != np.array(answers))


def _points(share: float) -> str:
    return f"{100 * share:+.1f} points"
