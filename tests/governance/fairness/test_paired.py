import numpy as np
import pytest
from scipy import stats

from governance.fairness.estimates import Verdict
from governance.fairness.paired import compare_errors, mcnemar, tango


def test_the_interval_agrees_with_the_literature():
    # Fagerland, Lydersen and Laake, "Statistical Analysis of Contingency Tables" (2017), ch. 8:
    # complete response before and after consolidation therapy, 161 people.
    ends = tango(6, 16, 161)
    assert (ends.low, ends.high) == pytest.approx((-0.1240, -0.0054), abs=5e-5)


def test_the_exact_p_value_is_that_of_the_binomial():
    assert mcnemar(12, 2) == pytest.approx(2 * stats.binom.cdf(2, 14, 0.5))


def test_two_models_that_answer_alike_still_differ_by_an_interval():
    truth = np.arange(50) % 2
    found = compare_errors(truth, truth, truth)
    assert found.p_value == 1
    assert found.verdict is Verdict.NO_FINDING
    assert found.difference.value == 0
    assert found.difference.low < -0.05 < 0.05 < found.difference.high


@pytest.mark.parametrize(("gained", "lost", "ends"), [(5, 0, (0.1, 1.0)), (0, 5, (-1.0, -0.1))])
def test_a_change_in_every_case_reaches_the_end(gained: int, lost: int, ends: tuple[float, float]):
    found = tango(gained, lost, 5)
    assert found.low <= ends[0] + 0.1
    assert found.high >= ends[1] - 0.1


def test_mended_and_broken_cases_are_told_apart():
    truth = np.zeros(40, dtype=int)
    before, after = truth.copy(), truth.copy()
    before[:12], after[12:14] = 1, 1
    found = compare_errors(truth, before, after)
    assert (found.mended, found.broken) == (12, 2)
    assert found.difference.value == pytest.approx(-0.25)
    assert found.verdict is Verdict.FINDING
    assert (found.before.value, found.after.value) == pytest.approx((0.3, 0.05))


def test_text_labels_can_be_compared():
    found = compare_errors(["a", "b"], ["a", "a"], ["a", "b"])
    assert (found.mended, found.broken) == (1, 0)


def test_the_interval_covers_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    draws = rng.multinomial(60, [0.15, 0.05, 0.8], size=300)
    found = [tango(int(gained), int(lost), 60) for gained, lost, _ in draws]
    assert np.mean([ends.low <= 0.1 <= ends.high for ends in found]) >= 0.92


def test_no_cases_are_refused():
    with pytest.raises(ValueError, match="above zero"):
        compare_errors([], [], [])
