"""Hold the coefficients to the examples that their authors published."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crowd.aggregation.agreement_parts import agreement_by_class
from crowd.aggregation.alpha import alpha, alpha_by_distance, alpha_of_answers
from crowd.aggregation.coefficients import Bootstrap, Coefficient
from crowd.aggregation.distances import (
    Level,
    box_distance,
    boxes_distance,
    fixed_distances,
    span_distance,
)
from crowd.aggregation.kappas import Weights, fleiss_kappa, gwet_ac1, gwet_ac2
from crowd.aggregation.planted import one_coin_crowd
from crowd.aggregation.vote_table import VoteTable, counted, vote_table

# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), the example for all levels of
# measurement, and the same data (as units by observers) in Gwet's Handbook, 4th edition, 2014.
FOUR_OBSERVERS = """
123321412...
1233224125.3
.3332342251.
12332441251.
"""

# Fleiss (1971), 30 patients by six psychiatrists: each row a patient, in the order depression,
# personality disorder, schizophrenia, neurosis, other.
DIAGNOSES = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""


def table_of(observers: str) -> VoteTable:
    lines = observers.split()
    given = [
        (unit, int(value) - 1) for line in lines for unit, value in enumerate(line) if value != "."
    ]
    task, column = np.array(given).T
    return counted(task, column, len(lines[0]), 5)[0]


def table_of_counts(counts: str) -> VoteTable:
    rows = np.array([[int(digit) for digit in row] for row in counts.split()], dtype=float)
    return VoteTable(rows, np.ones(len(rows)))


EXAMPLE = table_of(FOUR_OBSERVERS)


@pytest.mark.parametrize(
    ("level", "published"),
    [
        (Level.NOMINAL, 0.743),
        (Level.ORDINAL, 0.815),
        (Level.INTERVAL, 0.849),
        (Level.RATIO, 0.797),
    ],
)
def test_alpha_is_krippendorffs_at_every_level(level: Level, published: float):
    found = alpha(EXAMPLE, level, values=[1, 2, 3, 4, 5])
    assert found.value == pytest.approx(published, abs=5e-4)
    assert found.n_tasks == 11


@pytest.mark.parametrize(
    ("measure", "published", "error"),
    [
        (gwet_ac1, 0.77544, 0.12527),
        (fleiss_kappa, 0.76117, 0.13544),
        (alpha, 0.74342, 0.14557),
        (gwet_ac2, 0.91400, 0.06721),
    ],
)
def test_gwets_example_comes_out_with_its_errors(
    measure: Callable[[VoteTable], Coefficient], published: float, error: float
):
    assert measure(EXAMPLE).value == pytest.approx(published, abs=5e-6)
    # The errors are those of his package without the unit that has one value: his linear form
    # counts that unit as one of no agreement, and comes out larger with it.
    compared = measure(EXAMPLE.with_at_least(2))
    assert compared.error == pytest.approx(error, rel=0.04)


def test_weighted_kappas_are_gwets():
    found = fleiss_kappa(EXAMPLE, weights=Weights.QUADRATIC)
    assert found.value == pytest.approx(0.86494, abs=5e-6)
    assert gwet_ac2(EXAMPLE, weights=Weights.LINEAR).value == pytest.approx(0.85874, abs=5e-6)


def test_fleiss_kappa_is_that_of_the_thirty_patients():
    assert fleiss_kappa(table_of_counts(DIAGNOSES)).value == pytest.approx(0.4302445, abs=5e-7)


def test_kappas_by_class_are_those_of_the_thirty_patients():
    found = [each.value for each in agreement_by_class(table_of_counts(DIAGNOSES), fleiss_kappa)]
    assert found == pytest.approx([0.245, 0.245, 0.520, 0.471, 0.566], abs=1e-3)


@pytest.mark.parametrize("level", [Level.NOMINAL, Level.INTERVAL])
def test_alpha_by_any_distance_agrees_with_the_levels(level: Level):
    numbers = np.arange(1.0, 6.0)
    by_level = alpha(EXAMPLE, level, values=numbers)
    assert alpha_by_distance(EXAMPLE, fixed_distances(level, numbers)) == by_level
    answers = [
        [int(line[unit]) for line in FOUR_OBSERVERS.split() if line[unit] != "."]
        for unit in range(12)
    ]
    distance = {Level.NOMINAL: lambda a, b: float(a != b), Level.INTERVAL: lambda a, b: abs(a - b)}
    one_by_one = alpha_of_answers(answers, distance[level])
    assert one_by_one.value == pytest.approx(by_level.value)
    assert (one_by_one.low, one_by_one.high) == pytest.approx((by_level.low, by_level.high))
    assert one_by_one.error == pytest.approx(by_level.error)


def test_spans_and_boxes_are_as_far_apart_as_they_do_not_overlap():
    assert span_distance([(0, 10)], [(5, 15)]) == pytest.approx(2 / 3)
    assert span_distance([(0, 6), (4, 10)], [(0, 10)]) == 0
    assert span_distance([], []) == 0
    assert span_distance([], [(1, 2)]) == 1
    assert box_distance((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(2 / 3)
    assert box_distance((0, 0, 1, 1), (1, 1, 2, 2)) == 1
    assert boxes_distance([(0, 0, 2, 2)], [(0, 0, 2, 2), (5, 5, 6, 6)]) == pytest.approx(0.5)


def test_alpha_of_spans_tells_agreement_from_chance():
    same = [[[(3.0 * task, 3.0 * task + 2)]] * 3 for task in range(6)]
    assert alpha_of_answers(same, span_distance).value == 1
    found = alpha_of_answers(
        [[*task[:2], [(3.0 * place, 3.0 * place + 1)]] for place, task in enumerate(same)],
        span_distance,
        bootstrap=Bootstrap(samples=200),
    )
    assert found.low < found.value < 1
    assert found.value > 0.5


@pytest.mark.parametrize("measure", [alpha, fleiss_kappa, gwet_ac1, gwet_ac2])
def test_bootstrap_and_jackknife_limits_agree_on_many_tasks(
    measure: Callable[..., Coefficient],
):
    crowd = one_coin_crowd([0.8, 0.7, 0.9, 0.6], n_tasks=1500, n_classes=3, labels_per_task=3)
    table = vote_table(crowd.matrix)
    one, other = measure(table), measure(table, bootstrap=Bootstrap(samples=2000, seed=3))
    width = one.high - one.low
    assert other.high - other.low == pytest.approx(width, rel=0.15)
    assert other.low == pytest.approx(one.low, abs=0.1 * width)
    assert other == measure(table, bootstrap=Bootstrap(samples=2000, seed=3))


def test_the_limits_of_ac1_cover_the_value_of_the_population():
    """Two classes, skill 0.8: two agree with chance .68, classes are even, so AC1 is .36."""
    covered = []
    for seed in range(150):
        matrix = one_coin_crowd([0.8] * 4, n_tasks=60, labels_per_task=3, seed=seed).matrix
        found = gwet_ac1(vote_table(matrix))
        covered.append(found.low <= 0.36 <= found.high)
    assert 0.9 <= np.mean(covered) <= 0.99


@pytest.mark.parametrize("measure", [alpha, fleiss_kappa, gwet_ac1, gwet_ac2])
def test_nothing_is_claimed_where_nothing_can_be_known(measure: Callable[..., Coefficient]):
    alone = VoteTable(np.eye(3), np.ones(3))
    assert measure(alone).value is None
    assert measure(VoteTable(np.zeros((0, 2)), np.zeros(0))).value is None
    alike = measure(VoteTable(np.array([[3.0, 0.0], [0.0, 3.0]]), np.array([5.0, 5.0])))
    assert (alike.value, alike.low, alike.high) == (1, None, None)
    assert measure(VoteTable(np.array([[2.0]]), np.ones(1))).value is None


def test_distances_that_are_none_are_refused():
    with pytest.raises(ValueError, match="from zero up"):
        alpha(EXAMPLE, Level.RATIO, values=[-1, 0, 1, 2, 3])
    with pytest.raises(ValueError, match="one finite number"):
        alpha(EXAMPLE, Level.INTERVAL, values=[1, 2])
    with pytest.raises(ValueError, match="symmetric"):
        alpha_by_distance(EXAMPLE, np.triu(np.ones((5, 5)), 1))
    with pytest.raises(ValueError, match="from a class to itself"):
        alpha_by_distance(EXAMPLE, np.ones((5, 5)))


@settings(deadline=None, max_examples=40)
@given(
    labels=arrays(np.int64, st.tuples(st.integers(1, 30), st.just(2)), elements=st.integers(0, 5))
)
def test_rows_are_counted_once_and_lose_nothing(labels: np.ndarray):
    task, column = labels.T
    for n_columns in (6, 60):  # 60 columns do not fit into one number.
        table, row_of_task = counted(task, column, 6, n_columns)
        plain = np.zeros((6, n_columns))
        np.add.at(plain, (task, column), 1)
        np.testing.assert_array_equal(table.rows[row_of_task], plain)
        assert len(np.unique(table.rows, axis=0)) == len(table.rows)
        assert table.times.sum() == 6
