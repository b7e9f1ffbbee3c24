import numpy as np
import pytest

from governance.fairness.differences import Pair, p_value_of
from governance.fairness.intervals import Share
from governance.fairness.power import detectable_difference


def test_the_detectable_difference_is_indeed_found_four_times_in_five():
    size = detectable_difference(0.2, 120, 90, significance=0.05)
    rng = np.random.default_rng(1)
    draws = zip(rng.binomial(120, 0.2, 1500), rng.binomial(90, 0.2 + size, 1500), strict=True)
    p_values = [p_value_of([Pair(Share(int(a), 120), Share(int(b), 90))]) for a, b in draws]
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.8, abs=0.03)


def test_more_people_detect_smaller_differences():
    sizes = [detectable_difference(0.3, n, n, significance=0.01) for n in (30, 100, 1000)]
    assert sizes == sorted(sizes, reverse=True)


def test_a_tiny_group_may_hide_any_difference():
    assert detectable_difference(0.5, 100, 3, significance=0.01) is None
