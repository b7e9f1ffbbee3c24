import numpy as np
import pytest

from governance.fairness.calibration import calibration_bins
from governance.fairness.estimates import Estimate, NotEstimable


def test_bins_hold_mean_confidence_and_the_share_that_was_right():
    said = [0.1] * 20 + [0.85] * 10 + [0.89] * 10
    right = [True] * 2 + [False] * 18 + [True] * 16 + [False] * 4
    low, high = calibration_bins(said, right)
    assert (low.said, high.said) == pytest.approx((0.1, 0.87))
    assert isinstance(high.was_right, Estimate)
    assert (high.was_right.value, high.was_right.n) == (0.8, 20)


def test_full_confidence_falls_into_the_last_bin():
    found = calibration_bins([1.0] * 10 + [0.95] * 10, [True] * 20)
    assert [each.said for each in found] == pytest.approx([0.975])


def test_a_bin_with_few_cases_is_not_estimable():
    assert isinstance(calibration_bins([0.5] * 9, [True] * 9)[0].was_right, NotEstimable)


def test_the_order_of_the_cases_changes_nothing():
    rng = np.random.default_rng(0)
    said, right = rng.random(500), rng.random(500) < 0.5
    order = rng.permutation(500)
    assert calibration_bins(said, right) == calibration_bins(said[order], right[order])


@pytest.mark.parametrize("said", [[1.1], [-0.1], [float("nan")], [0.5, 0.5]])
def test_what_is_no_confidence_is_refused(said: list[float]):
    with pytest.raises(ValueError, match="between 0 and 1"):
        calibration_bins(said, [True])
