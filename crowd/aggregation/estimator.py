"""Say what consensus offers for answers that are no single class."""

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, Self, TypeVar

import numpy as np

from crowd.aggregation.answer_rows import AnswerRows
from crowd.aggregation.arrays import FloatArray

RowsT = TypeVar("RowsT", bound=AnswerRows)


class Estimator(ABC, Generic[RowsT]):
    """Turn rows of answers into one answer a task and a judgement of each annotator.

    What the answers are called differs with their kind and stands in each class. The same
    for all, after `fit`:

    name, version: what to store beside a consensus, so that it can be derived again.
    n_iterations_, converged_: how the fit ended.
    objective_path_: what the fit maximised, after each iteration; empty if nothing.
    digest_: SHA-256 of the rows that were read.
    """

    name: ClassVar[str]
    version: ClassVar[str]

    n_iterations_: int
    converged_: bool
    objective_path_: FloatArray
    _rows: AnswerRows

    @abstractmethod
    def fit(self, rows: RowsT) -> Self:
        """Fit to the rows."""

    @abstractmethod
    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""

    @property
    def digest_(self) -> str:
        """Return the digest, which may cost more than a quick fit, when it is asked for."""
        return self._rows.digest()

    def _keep_ending(self, rows: AnswerRows, path: list[float], *, converged: bool) -> None:
        self._rows = rows
        self.n_iterations_ = len(path)
        self.converged_ = converged
        self.objective_path_ = np.array(path)


def is_level(path: list[float], *, tolerance: float, n_rows: int) -> bool:
    """Say whether the last iteration added no more than `tolerance` per row."""
    return len(path) > 1 and abs(path[-1] - path[-2]) <= tolerance * n_rows
