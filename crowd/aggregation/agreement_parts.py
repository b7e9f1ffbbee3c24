"""Find where annotators disagree: by class, by annotator, and between groups of annotators."""

from collections.abc import Callable

import numpy as np

from crowd.aggregation.alpha import alpha
from crowd.aggregation.arrays import BoolArray, FloatArray, IndexArray
from crowd.aggregation.coefficients import Bootstrap, Coefficient, TaskSums, coefficient_of
from crowd.aggregation.distances import Level, fixed_distances
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.vote_table import VoteTable, counted

# Any coefficient of a table of votes: alpha, fleiss_kappa, gwet_ac1.
Measure = Callable[[VoteTable], Coefficient]


def agreement_by_class(table: VoteTable, measure: Measure = alpha) -> list[Coefficient]:
    """Return for each class the agreement on whether it is this class or any other.

    With Fleiss' kappa these are the kappas by category of the paper of 1971.
    """
    others = table.rows.sum(axis=1, keepdims=True) - table.rows
    return [
        measure(VoteTable(np.stack(each, axis=1), table.times))
        for each in zip(table.rows.T, others.T, strict=True)
    ]


def agreement_without_each(matrix: LabelMatrix, measure: Measure = alpha) -> list[Coefficient]:
    """Return for each annotator the agreement of all the others, with its limits.

    An annotator whose absence raises it disagrees with the rest more than they do among
    themselves. Who has no labels changes nothing.
    """
    n_classes = matrix.n_classes
    table, row_of_task = counted(matrix.task, matrix.label, matrix.n_tasks, n_classes)
    lacking = _rows_that_lack_one(table.rows)
    rows = np.concatenate([table.rows, lacking])
    order = np.argsort(matrix.annotator, kind="stable")
    row = row_of_task[matrix.task][order]
    variant = len(table.rows) + row * n_classes + matrix.label[order]
    ends = np.cumsum(matrix.labels_per_annotator)
    start = 0
    found = []
    for end in ends:
        times = np.concatenate([table.times, np.zeros(len(lacking))])
        np.subtract.at(times, row[start:end], 1)
        np.add.at(times, variant[start:end], 1)
        used = times > 0
        found.append(measure(VoteTable(rows[used], times[used])))
        start = end
    return found


def _rows_that_lack_one(rows: FloatArray) -> FloatArray:
    """Take one label of each class from each row: shape (n_rows * n_classes, n_classes)."""
    n_classes = rows.shape[1]
    return np.asarray((rows[:, None, :] - np.eye(n_classes)).reshape(-1, n_classes))


def agreement_by_group(
    matrix: LabelMatrix,
    group_of: IndexArray,
    *,
    level: Level = Level.NOMINAL,
    bootstrap: Bootstrap | None = None,
) -> dict[tuple[int, int], Coefficient]:
    """Return alpha within each group of annotators, and between each two groups.

    group_of: the group of each annotator, shape (n_annotators,); below zero is none. Two groups
    that agree less with each other than within themselves see the tasks differently.
    """
    if len(group_of) != matrix.n_annotators:
        raise ValueError("Every annotator needs a group.")
    if level is Level.ORDINAL:
        raise ValueError("Ranks have no distance of their own to compare groups by.")
    groups = sorted({int(group) for group in group_of if group >= 0})
    found = {}
    for place, first in enumerate(groups):
        found[first, first] = _within(matrix, group_of == first, level, bootstrap)
        for second in groups[place + 1 :]:
            sides = np.select([group_of == first, group_of == second], [0, 1], -1)
            found[first, second] = agreement_between(
                matrix, sides, level=level, bootstrap=bootstrap
            )
    return found


def agreement_between(
    matrix: LabelMatrix,
    side_of: IndexArray,
    *,
    level: Level = Level.NOMINAL,
    bootstrap: Bootstrap | None = None,
) -> Coefficient:
    """Return the agreement of labels of one side with those of the other, beyond chance.

    side_of: 0 or 1 for each annotator, -1 for those who count for neither. Only tasks that both
    sides labelled count, each by its number of labels. As alpha, 1 - observed / expected.

    Wong, Paritosh and Aroyo, Cross-replication Reliability: An Empirical Approach to
    Interpreting Inter-rater Reliability, ACL 2021.
    """
    used = side_of[matrix.annotator] >= 0
    column = side_of[matrix.annotator[used]] * matrix.n_classes + matrix.label[used]
    table, _ = counted(matrix.task[used], column, matrix.n_tasks, 2 * matrix.n_classes)
    first, second = np.split(table.rows, 2, axis=1)
    both = (first.sum(axis=1) > 0) & (second.sum(axis=1) > 0)
    distances = fixed_distances(level, np.arange(matrix.n_classes, dtype=np.float64))
    sums = _sums_between(first[both], second[both], table.times[both], distances)
    return coefficient_of(sums, n_tasks=int(table.times[both].sum()), bootstrap=bootstrap)


def _sums_between(
    first: FloatArray, second: FloatArray, times: FloatArray, distances: FloatArray
) -> TaskSums:
    n_classes = len(distances)
    n_first, n_second = first.sum(axis=1), second.sum(axis=1)
    apart = ((first @ distances) * second).sum(axis=1) / (n_first * n_second)
    labels = n_first + n_second

    def value(sums: FloatArray) -> FloatArray:
        left, right = sums[..., 2 : 2 + n_classes], sums[..., 2 + n_classes :]
        chance = ((left @ distances) * right).sum(axis=-1)
        chance = np.where(chance > 0, chance, np.nan)
        pairs = left.sum(axis=-1) * right.sum(axis=-1)
        # Written as one quotient, so that nothing is divided by zero where there are no tasks.
        return np.asarray(1 - sums[..., 1] * pairs / np.maximum(sums[..., 0], 1) / chance)

    return TaskSums(np.column_stack([labels, labels * apart, first, second]), times, value)


def _within(
    matrix: LabelMatrix, in_group: BoolArray, level: Level, bootstrap: Bootstrap | None
) -> Coefficient:
    used = in_group[matrix.annotator]
    table, _ = counted(matrix.task[used], matrix.label[used], matrix.n_tasks, matrix.n_classes)
    return alpha(table, level, bootstrap=bootstrap)
