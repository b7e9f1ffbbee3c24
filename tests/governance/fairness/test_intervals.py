import numpy as np
import pytest
from scipy import stats

from governance.fairness.intervals import Share, clopper_pearson, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 5.
    [
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_the_exact_interval_agrees_with_the_literature(
    successes: float, trials: int, low: float, high: float
):
    ends = clopper_pearson(Share(successes, trials))
    assert (ends.low, ends.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # The same table, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_score_interval_agrees_with_the_literature(
    successes: float, trials: int, low: float, high: float
):
    ends = wilson(successes, trials)
    assert (ends.low, ends.high) == pytest.approx((low, high), abs=5e-5)


def test_the_exact_interval_is_that_of_scipy():
    theirs = stats.binomtest(7, 40).proportion_ci(0.99, method="exact")
    ours = clopper_pearson(Share(7, 40), 0.99)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize("successes", [0, 8])
def test_an_interval_has_width_even_when_nobody_or_everybody_is_selected(successes: float):
    exact, score = clopper_pearson(Share(successes, 8)), wilson(successes, 8)
    assert exact.high - exact.low == pytest.approx(1 - 0.025 ** (1 / 8))
    assert score.high - score.low > 0.3


@pytest.mark.parametrize("rate", [0.02, 0.3])
@pytest.mark.parametrize("trials", [8, 50])
def test_the_exact_interval_covers_at_least_as_often_as_it_says(rate: float, trials: int):
    ends = [clopper_pearson(Share(x, trials)) for x in range(trials + 1)]
    covering = [x for x in range(trials + 1) if ends[x].low <= rate <= ends[x].high]
    assert stats.binom.pmf(covering, trials, rate).sum() >= 0.95


def test_less_confidence_gives_a_narrower_interval():
    wide, narrow = clopper_pearson(Share(5, 30)), clopper_pearson(Share(5, 30), 0.8)
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (-1, 5), (6, 5), (np.nan, 5)])
def test_counts_that_cannot_be_are_refused(successes: float, trials: int):
    with pytest.raises(ValueError, match="share"):
        Share(successes, trials)
