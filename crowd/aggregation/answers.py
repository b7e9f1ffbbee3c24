"""Sum over labels as sparse products, for every model that meets a table of chances."""

from typing import TYPE_CHECKING

import numpy as np

from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.label_matrix import LabelMatrix

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Answers:
    """Hold who gave which answer to which task: a row per task, a column per possible answer.

    The columns of `chance` and `counts` are what a model tells apart about a task: its true
    class, or class and subtype.
    """

    def __init__(self, matrix: LabelMatrix) -> None:
        self.n_annotators = matrix.n_annotators
        self.n_classes = matrix.n_classes
        self._by_task = _table(matrix)
        self._by_answer = self._by_task.T.tocsr()

    def counts(self, chance: FloatArray) -> FloatArray:
        """Count answers by annotator, label and column: (n_annotators, n_classes, n_columns).

        chance: probability of each column of each task, shape (n_tasks, n_columns).
        """
        counts = np.asarray(self._by_answer @ chance)
        return counts.reshape(self.n_annotators, self.n_classes, -1)

    def evidence(self, log_chance: FloatArray) -> FloatArray:
        """Add up what the answers of each task say: shape (n_tasks, n_columns).

        log_chance: log probability of the label, shape (n_annotators, n_classes, n_columns).
        """
        return np.asarray(self._by_task @ log_chance.reshape(-1, log_chance.shape[2]))


def _table(matrix: LabelMatrix) -> "csr_array":
    # SciPy takes a moment to load, which a web process shall not pay for.
    from scipy.sparse import csr_array  # noqa: PLC0415

    ones = np.ones(matrix.n_labels)
    first = np.concatenate([[0], np.cumsum(matrix.labels_per_task)])
    shape = (matrix.n_tasks, matrix.n_annotators * matrix.n_classes)
    return csr_array((ones, matrix.answer_cells, first), shape=shape)
