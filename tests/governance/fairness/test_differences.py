import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from governance.fairness.differences import (
    Pair,
    difference,
    likeliest_second_rate,
    p_value_of,
    ratio_interval,
)
from governance.fairness.intervals import Share


def shares(x1: float, n1: float, x2: float, n2: float) -> Pair:
    return Pair(Share(x1, n1), Share(x2, n2))


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 6.
    [
        ((56, 70, 48, 80), 0.0528, 0.3382),
        ((9, 10, 3, 10), 0.1700, 0.8406),
        ((6, 7, 2, 7), 0.0342, 0.8534),
        ((5, 56, 0, 29), -0.0326, 0.1933),
    ],
)
def test_the_interval_of_a_difference_agrees_with_the_literature(
    counts: tuple[int, int, int, int], low: float, high: float
):
    found = difference([shares(*counts)])
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_of_a_ratio_agrees_with_the_literature():
    # Koopman, Biometrics 40 (1984) 513-517.
    ends = ratio_interval(Share(36, 40), Share(16, 80))
    assert (ends.low, ends.high) == pytest.approx((2.940, 7.152), abs=5e-4)


def test_one_stratum_is_tested_as_pearson_does_but_for_the_unbiased_variance():
    table = np.array([[56, 14], [48, 32]])
    chi_squared = stats.chi2_contingency(table, correction=False).statistic * 149 / 150
    assert p_value_of([shares(56, 70, 48, 80)]) == pytest.approx(stats.chi2.sf(chi_squared, 1))


def test_several_strata_are_tested_as_cochran_mantel_and_haenszel_do():
    strata = [(12, 30, 5, 28), (20, 22, 15, 25), (1, 9, 3, 14)]
    surplus = spread = 0.0
    for x1, n1, x2, n2 in strata:
        n, x = n1 + n2, x1 + x2
        surplus += x1 - n1 * x / n
        spread += n1 * n2 * x * (n - x) / (n * n * (n - 1))
    expected = stats.chi2.sf(surplus**2 / spread, 1)
    assert p_value_of([shares(*counts) for counts in strata]) == pytest.approx(expected)


@pytest.mark.parametrize("delta", [-0.7, -0.1, 0.0, 0.25, 0.9])
def test_the_closed_form_finds_the_greatest_likelihood(delta: float):
    def unlikelihood(second: float) -> float:
        log = np.log([second + delta, 1 - second - delta, second, 1 - second])
        return -float(np.dot([7, 5, 4, 16], log))

    ends = (max(0, -delta) + 1e-9, min(1, 1 - delta) - 1e-9)
    best = optimize.minimize_scalar(unlikelihood, bounds=ends, options={"xatol": 1e-10}).x
    assert likeliest_second_rate(shares(7, 12, 4, 20), delta) == pytest.approx(best, abs=1e-6)


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    n1, n2 = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    return shares(draw(st.integers(0, n1)), n1, draw(st.integers(0, n2)), n2)


@given(st.lists(pairs(), min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_interval_and_p_value_never_contradict_each_other(strata: list[Pair]):
    found = difference(strata)
    assert -1 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1
    assert found.high - found.low > 1e-3
    if abs(found.p_value - 0.05) > 1e-6:
        assert (found.p_value < 0.05) == (found.low > 0 or found.high < 0)


@given(pairs())
@settings(max_examples=100, deadline=None)
def test_exchanging_the_sides_changes_only_the_sign(pair: Pair):
    ours, theirs = difference([pair]), difference([Pair(pair.second, pair.first)])
    assert (ours.low, ours.high) == pytest.approx((-theirs.high, -theirs.low), abs=1e-9)
    assert ours.p_value == pytest.approx(theirs.p_value)


@given(pairs())
@settings(max_examples=100, deadline=None)
def test_the_interval_of_a_ratio_holds_the_ratio_and_has_width(pair: Pair):
    ends = ratio_interval(pair.first, pair.second)
    assert ends.high > ends.low * 1.001
    if pair.second.successes:
        assert ends.low - 1e-9 <= pair.first.rate / pair.second.rate <= ends.high + 1e-9


def test_the_interval_of_a_difference_covers_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    draws = zip(rng.binomial(40, 0.2, 300), rng.binomial(30, 0.05, 300), strict=True)
    found = [difference([shares(int(a), 40, int(b), 30)]) for a, b in draws]
    assert np.mean([each.low <= 0.15 <= each.high for each in found]) >= 0.92
