"""Whether groups move apart."""

import numpy as np
import pytest

from governance.fairness.estimates import Estimate, NotEstimable
from governance.gap_growth import gap_growth

GROUPS = ["f"] * 200 + ["m"] * 200


def _wrong(f: int, m: int) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.array([True] * f + [False] * (200 - f) + [True] * m + [False] * (200 - m))


def test_a_gap_that_opens_is_estimated_with_its_interval() -> None:
    growth = gap_growth(GROUPS, _wrong(40, 40), _wrong(20, 100), smallest_group=30, seed=1)
    assert isinstance(growth, Estimate)
    assert growth.value == pytest.approx(0.4)
    assert 0.2 < growth.low < growth.value < growth.high < 0.6


def test_a_gap_that_closes_is_below_zero() -> None:
    growth = gap_growth(GROUPS, _wrong(20, 100), _wrong(40, 40), smallest_group=30, seed=1)
    assert isinstance(growth, Estimate)
    assert growth.high < 0


def test_the_interval_has_width_even_where_nothing_changed() -> None:
    growth = gap_growth(GROUPS, _wrong(40, 60), _wrong(40, 60), smallest_group=30, seed=1)
    assert isinstance(growth, Estimate)
    assert growth.value == 0
    assert growth.low < 0 < growth.high


def test_small_groups_and_unknown_ones_are_left_out() -> None:
    groups = ["f"] * 200 + ["m"] * 20 + [None] * 180
    growth = gap_growth(groups, _wrong(40, 60), _wrong(40, 60), smallest_group=30, seed=1)
    assert isinstance(growth, NotEstimable)
    assert growth.n == 200


def test_the_same_seed_gives_the_same_interval() -> None:
    again = [
        gap_growth(GROUPS, _wrong(10, 60), _wrong(40, 60), smallest_group=30, seed=7)
        for _ in range(2)
    ]
    assert again[0] == again[1]
