import numpy as np
import pytest

from crowd.aggregation import LabelMatrix
from crowd.aggregation.agreement_parts import (
    agreement_between,
    agreement_by_class,
    agreement_by_group,
    agreement_without_each,
)
from crowd.aggregation.alpha import alpha
from crowd.aggregation.cohen import cohen_kappas
from crowd.aggregation.kappas import Weights, gwet_ac1
from crowd.aggregation.planted import PlantedCrowd, one_coin_crowd, planted_crowd
from crowd.aggregation.vote_table import vote_table


def two_annotators(counts: list[list[int]]) -> LabelMatrix:
    """Make the tasks that a table counts: rows are the first annotator's answers."""
    cells = [(i, j) for i, row in enumerate(counts) for j, n in enumerate(row) for _ in range(n)]
    rows = [
        (f"task{task:04d}", f"annotator{who}", str(answer))
        for task, cell in enumerate(cells)
        for who, answer in enumerate(cell)
    ]
    return LabelMatrix.from_labels(rows, classes=[str(i) for i in range(len(counts))])


def without(matrix: LabelMatrix, annotator: int) -> LabelMatrix:
    kept = matrix.annotator != annotator
    return LabelMatrix(
        matrix.task[kept],
        matrix.annotator[kept],
        matrix.label[kept],
        matrix.task_names,
        matrix.annotator_names,
        matrix.class_names,
    )


def test_cohens_own_example_comes_out():
    """Table 1 of the paper of 1960: proportions over 200 patients, kappa .492."""
    found = cohen_kappas(two_annotators([[88, 10, 2], [14, 40, 6], [18, 10, 12]]))
    assert found.value.tolist() == pytest.approx([0.492], abs=5e-4)
    assert found.n_tasks.tolist() == [200]


@pytest.mark.parametrize(
    ("weights", "kappa", "error", "low", "high"),
    [
        (Weights.IDENTITY, 0.4842, 0.1380, 0.2137, 0.7547),
        (Weights.LINEAR, 0.4701, 0.1457, 0.1845, 0.7558),
    ],
)
def test_kappa_and_its_limits_are_those_of_a_published_printout(
    weights: Weights, kappa: float, error: float, low: float, high: float
):
    """The table that the SAS manual prints for procedure FREQ."""
    found = cohen_kappas(two_annotators([[0, 4, 1], [0, 8, 0], [0, 1, 5]]), weights=weights)
    measured = [found.value[0], found.error[0], found.low[0], found.high[0]]
    assert measured == pytest.approx([kappa, error, low, high], abs=1e-4)


def test_each_two_annotators_are_compared_on_the_tasks_they_share(mixed_crowd: PlantedCrowd):
    matrix = mixed_crowd.matrix
    found = cohen_kappas(matrix, fewest_tasks=30)
    assert (found.first < found.second).all()
    assert (found.n_tasks >= 30).all()
    pair = 7
    both = [matrix.task[matrix.annotator == each[pair]] for each in (found.first, found.second)]
    shared = np.intersect1d(*both)
    assert found.n_tasks[pair] == len(shared)
    answers = [
        matrix.label[(matrix.annotator == each[pair]) & np.isin(matrix.task, shared)]
        for each in (found.first, found.second)
    ]
    agreed, ones = np.mean(answers[0] == answers[1]), [np.mean(each) for each in answers]
    chance = ones[0] * ones[1] + (1 - ones[0]) * (1 - ones[1])
    assert found.value[pair] == pytest.approx((agreed - chance) / (1 - chance))
    square = found.as_matrix(matrix.n_annotators)
    np.testing.assert_array_equal(square, square.T)
    assert square[found.first[pair], found.second[pair]] == found.value[pair]


def test_who_shares_no_task_or_knows_one_class_has_no_kappa():
    matrix = LabelMatrix.from_labels([("t", "a", "0"), ("u", "b", "0")], classes=["0", "1"])
    assert len(cohen_kappas(matrix).value) == 0
    alike = cohen_kappas(two_annotators([[5, 0], [0, 0]]))
    assert np.isnan([alike.value[0], alike.low[0], alike.high[0]]).all()


@pytest.mark.parametrize("measure", [alpha, gwet_ac1])
def test_leaving_out_an_annotator_is_counting_without_their_labels(measure):
    matrix = one_coin_crowd([0.9, 0.8, 0.7, 0.5], n_tasks=80, n_classes=3, labels_per_task=3).matrix
    found = agreement_without_each(matrix, measure)
    for annotator, each in enumerate(found):
        again = measure(vote_table(without(matrix, annotator)))
        measured = [each.value, each.low, each.high, each.error]
        assert measured == pytest.approx([again.value, again.low, again.high, again.error])
        assert each.n_tasks == again.n_tasks
    assert np.argmax([each.value for each in found]) == 3, "the guesser"


def test_a_class_that_is_often_mistaken_shows():
    confusion = np.array([[[0.95, 0.05, 0], [0.0, 0.6, 0.4], [0.0, 0.4, 0.6]]] * 4)
    table = vote_table(planted_crowd(confusion, 400, labels_per_task=4).matrix)
    clear, *vague = [each.value for each in agreement_by_class(table)]
    assert clear > max(vague) + 0.3


def test_groups_that_see_tasks_differently_agree_within_and_not_between():
    straight, turned = np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([[0.9, 0.1], [0.6, 0.4]])
    confusion = np.stack([straight] * 4 + [turned] * 4)
    matrix = planted_crowd(confusion, 1500, labels_per_task=8).matrix
    groups = np.array([0] * 4 + [1] * 4)
    found = agreement_by_group(matrix, groups)
    assert set(found) == {(0, 0), (0, 1), (1, 1)}
    assert found[0, 0].low > found[0, 1].high
    # Labels of the two sides match with chance (.82 + .42) / 2, and by their shares (.5, .75)
    # with chance one half.
    assert found[0, 1].low < 0.24 < found[0, 1].high
    same = agreement_between(matrix, np.array([0, 0, 1, 1, -1, -1, -1, -1]))
    assert same.value == pytest.approx(found[0, 0].value, abs=0.05)


def test_groups_without_a_task_in_common_cannot_be_compared():
    matrix = LabelMatrix.from_labels([("t", "a", "0"), ("u", "b", "1")], classes=["0", "1"])
    assert agreement_between(matrix, np.array([0, 1])).value is None
    with pytest.raises(ValueError, match="needs a group"):
        agreement_by_group(matrix, np.array([0]))
