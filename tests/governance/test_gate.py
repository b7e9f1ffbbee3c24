"""The gate, clause by clause."""

from collections.abc import Sequence

from governance.fairness.estimates import Estimate
from governance.gate import Clause, ClauseState, ComparedCases, judge
from governance.policies import GateRule

N = 400
SEX = ["f"] * 200 + ["m"] * 200
RULE = GateRule(max_error_increase=0.05, max_gap_increase=0.1)


def _cases(
    before_wrong: Sequence[int], after_wrong: Sequence[int], sex: Sequence[str | None] = SEX
) -> ComparedCases:
    return ComparedCases(
        truth=["yes"] * N,
        before=["no" if at in before_wrong else "yes" for at in range(N)],
        after=["no" if at in after_wrong else "yes" for at in range(N)],
        groups={"sex": sex},
    )


def _clauses(cases: ComparedCases) -> tuple[bool, dict[str, Clause]]:
    verdict = judge(cases, RULE, compared_with="v1", seed=0)
    return verdict.passed, {clause.name: clause for clause in verdict.clauses}


def test_a_version_that_mends_errors_passes() -> None:
    passed, clauses = _clauses(_cases(range(0, N, 4), range(0, N, 8)))
    assert passed
    assert {clause.state for clause in clauses.values()} == {ClauseState.PASSED}


def test_an_error_that_might_rise_beyond_the_margin_fails() -> None:
    """The estimate alone, +3 points, is within the margin of 5; its upper end is not."""
    passed, clauses = _clauses(_cases(range(40), range(200, 252)))
    figure = clauses["error"].figure
    assert isinstance(figure, Estimate)
    assert figure.value < RULE.max_error_increase < figure.high
    assert clauses["error"].state is ClauseState.FAILED
    assert not passed


def test_groups_that_move_apart_fail_even_where_the_error_falls() -> None:
    before = [*range(80), *range(200, 280)]
    after = range(200, 300)
    passed, clauses = _clauses(_cases(before, after))
    assert clauses["error"].state is ClauseState.PASSED
    assert clauses["gap:sex"].state is ClauseState.FAILED
    assert not passed


def test_what_cannot_be_estimated_is_reported_and_stops_nobody() -> None:
    few = ["f"] * 10 + [None] * (N - 10)
    passed, clauses = _clauses(_cases(range(0, N, 4), range(0, N, 8), few))
    assert clauses["gap:sex"].state is ClauseState.NOT_ESTIMABLE
    assert "cannot be estimated" in clauses["gap:sex"].sentence
    assert passed
