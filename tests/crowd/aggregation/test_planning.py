import numpy as np
import pytest

from crowd.aggregation import LabelMatrix
from crowd.aggregation.planning import (
    MOST_LABELS,
    Forecast,
    forecast_accuracy,
    labels_needed,
)
from crowd.aggregation.planted import one_coin_crowd


def gold_of(truth: np.ndarray) -> dict[int, int]:
    return dict(enumerate(truth.tolist()))


@pytest.fixture(scope="module")
def independent() -> Forecast:
    """Annotators of skill 0.7 who err each on their own: three of five are right in 83.7 %."""
    crowd = one_coin_crowd([0.7] * 12, n_tasks=200, labels_per_task=5, seed=4)
    return forecast_accuracy(crowd.matrix, gold_of(crowd.truth))


@pytest.fixture(scope="module")
def misled() -> Forecast:
    """The same annotators, but every fifth task leads them to the other answer."""
    crowd = one_coin_crowd([0.8] * 12, n_tasks=200, labels_per_task=5, seed=4)
    truth = np.where(np.arange(200) % 5 == 0, 1 - crowd.truth, crowd.truth)
    return forecast_accuracy(crowd.matrix, gold_of(truth))


def test_within_the_pilot_accuracy_is_measured(independent: Forecast):
    assert (independent.n_measured, independent.n_gold) == (5, 200)
    assert independent.accuracy[[0, 4]] == pytest.approx([0.7, 0.837], abs=0.05)
    assert independent.low[4] < 0.837 < independent.high[4]


def test_beyond_the_pilot_independent_errors_vanish(independent: Forecast):
    """Eight or more of fifteen are right in 95 %."""
    assert independent.low[14] < 0.95 < independent.high[14]
    needed = labels_needed(independent, 0.95)
    assert needed.labels is not None
    assert 9 <= needed.labels <= 21
    assert needed.low <= needed.labels


def test_errors_that_annotators_share_do_not_vanish(misled: Forecast):
    assert misled.most < 0.88
    assert misled.accuracy[-1] <= misled.most
    assert labels_needed(misled, 0.95).labels is None


def test_a_plan_is_the_same_every_time_and_never_falls(independent: Forecast):
    crowd = one_coin_crowd([0.7] * 12, n_tasks=200, labels_per_task=5, seed=4)
    again = forecast_accuracy(crowd.matrix, gold_of(crowd.truth))
    np.testing.assert_array_equal(again.samples, independent.samples)
    assert (np.diff(independent.accuracy) >= 0).all()
    assert len(independent.accuracy) == MOST_LABELS


def test_without_gold_the_limits_are_wider_and_no_gold_is_claimed(independent: Forecast):
    crowd = one_coin_crowd([0.7] * 12, n_tasks=200, labels_per_task=5, seed=4)
    found = forecast_accuracy(crowd.matrix)
    assert found.n_gold == 0
    assert found.high[9] - found.low[9] > independent.high[9] - independent.low[9]


def test_a_pilot_that_says_nothing_is_refused():
    few = one_coin_crowd([0.7] * 5, n_tasks=10, labels_per_task=3).matrix
    once = one_coin_crowd([0.7] * 5, n_tasks=40, labels_per_task=1).matrix
    for matrix in (few, once):
        with pytest.raises(ValueError, match="A pilot needs"):
            forecast_accuracy(matrix)


def test_a_single_class_needs_one_label():
    labels = [(f"task {task:02}", who, "yes") for task in range(30) for who in ("ann", "bob")]
    matrix = LabelMatrix.from_labels(labels, classes=["yes"])
    found = forecast_accuracy(matrix, dict.fromkeys(range(30), 0))
    assert labels_needed(found, 0.99) == labels_needed(found, 0.5)
    assert labels_needed(found, 0.99).labels == 1


def test_an_accuracy_that_is_none_is_refused(independent: Forecast):
    with pytest.raises(ValueError, match="between 0 and 1"):
        labels_needed(independent, 1.0)
