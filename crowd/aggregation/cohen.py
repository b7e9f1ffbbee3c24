"""Measure the agreement of each two annotators by Cohen's kappa, on the tasks that both labelled.

Cohen, A Coefficient of Agreement for Nominal Scales, Educational and Psychological
Measurement 20(1), 1960; Weighted Kappa, Psychological Bulletin 70(4), 1968. Fleiss, Cohen and
Everitt, Large Sample Standard Errors of Kappa and Weighted Kappa, Psychological Bulletin
72(5), 1969 (the limits).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from crowd.aggregation.arrays import FloatArray, IndexArray
from crowd.aggregation.kappas import Weights, agreement_weights
from crowd.aggregation.label_matrix import LabelMatrix

_NORMAL_REACH = 1.959963984540054
_PAIRS_AT_ONCE = 200_000


@dataclass(frozen=True, eq=False)
class PairwiseKappas:
    """Hold a kappa for each two annotators who share enough tasks, as aligned arrays (n_pairs,).

    first, second: annotator indices, first below second.
    value, low, high: kappa with its 95 % limits; NaN where chance alone explains everything,
        and limits NaN where there was no disagreement.
    error: large-sample standard error of kappa.
    n_tasks: tasks that both labelled.
    """

    first: IndexArray
    second: IndexArray
    value: FloatArray
    low: FloatArray
    high: FloatArray
    error: FloatArray
    n_tasks: IndexArray

    def as_matrix(self, n_annotators: int) -> FloatArray:
        """Return kappas by two annotators: (n_annotators, n_annotators), NaN where unknown."""
        matrix = np.full((n_annotators, n_annotators), np.nan)
        np.fill_diagonal(matrix, 1.0)
        matrix[self.first, self.second] = self.value
        matrix[self.second, self.first] = self.value
        return matrix


class _Pairs(NamedTuple):
    first: IndexArray
    second: IndexArray
    tables: FloatArray


def cohen_kappas(
    matrix: LabelMatrix, *, fewest_tasks: int = 1, weights: Weights = Weights.IDENTITY
) -> PairwiseKappas:
    """Return the kappa of each two annotators who share at least `fewest_tasks` tasks."""
    pairs = _pair_tables(matrix, fewest_tasks)
    agreement = agreement_weights(weights, matrix.n_classes)
    starts = range(0, len(pairs.tables), _PAIRS_AT_ONCE)
    found = [_kappas(pairs.tables[start : start + _PAIRS_AT_ONCE], agreement) for start in starts]
    value, error = np.concatenate(found, axis=1) if found else np.empty((2, 0))
    reach = np.where(error > 0, _NORMAL_REACH * error, np.nan)
    return PairwiseKappas(
        first=pairs.first,
        second=pairs.second,
        value=value,
        low=np.maximum(value - reach, -1),
        high=np.minimum(value + reach, 1),
        error=error,
        n_tasks=pairs.tables.sum(axis=(1, 2)).astype(np.int64),
    )


def _pair_tables(matrix: LabelMatrix, fewest_tasks: int) -> _Pairs:
    """Count labels by those of the other: shape (n_pairs, n_classes, n_classes)."""
    n_classes = matrix.n_classes
    pair, cell = _paired_rows(matrix)
    names, place, shared = np.unique(pair, return_inverse=True, return_counts=True)
    kept = shared >= fewest_tasks
    new_place = np.where(kept, np.cumsum(kept) - 1, -1)[place]
    is_kept = new_place >= 0
    cells = new_place[is_kept] * n_classes**2 + cell[is_kept]
    tables = np.bincount(cells, minlength=int(kept.sum()) * n_classes**2)
    first, second = np.divmod(names[kept], max(matrix.n_annotators, 1))
    return _Pairs(first, second, tables.reshape(-1, n_classes, n_classes).astype(np.float64))


def _paired_rows(matrix: LabelMatrix) -> tuple[IndexArray, IndexArray]:
    """Give the annotators and the answers of each two labels of one task a number.

    Rows are sorted by task and annotator, so that those of one task lie side by side.
    """
    annotator, label = matrix.annotator.astype(np.int64), matrix.label.astype(np.int64)
    pairs, cells = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for step in range(1, int(matrix.labels_per_task.max(initial=0))):
        (row,) = np.nonzero(matrix.task[step:] == matrix.task[:-step])
        pairs.append(annotator[row] * matrix.n_annotators + annotator[row + step])
        cells.append(label[row] * matrix.n_classes + label[row + step])
    return np.concatenate(pairs), np.concatenate(cells)


def _kappas(tables: FloatArray, weights: FloatArray) -> FloatArray:
    """Return kappa and its standard error of every table: shape (2, n_tables)."""
    n_tasks = tables.sum(axis=(1, 2))
    shares = tables / n_tasks[:, None, None]
    rows, columns = shares.sum(axis=2), shares.sum(axis=1)
    observed = (shares * weights).sum(axis=(1, 2))
    chance = ((rows @ weights) * columns).sum(axis=1)
    chance = np.where(chance < 1, chance, np.nan)
    value = (observed - chance) / (1 - chance)
    of_row, of_column = columns @ weights, rows @ weights
    slack = weights - (of_row[:, :, None] + of_column[:, None, :]) * (1 - value)[:, None, None]
    centre = value - chance * (1 - value)
    spread = (shares * slack**2).sum(axis=(1, 2)) - centre**2
    error = np.sqrt(np.maximum(spread, 0) / n_tasks) / (1 - chance)
    return np.stack([value, error])
