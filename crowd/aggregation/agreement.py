"""Measure how far annotators agree beyond chance: the figure that a consensus carries."""

from dataclasses import dataclass

from crowd.aggregation.alpha import alpha
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.vote_table import vote_table


@dataclass(frozen=True)
class Agreement:
    """Hold Krippendorff's alpha with its 95 % limits; None is what cannot be estimated."""

    alpha: float | None
    low: float | None
    high: float | None
    n_tasks: int


def krippendorff_alpha(matrix: LabelMatrix) -> Agreement:
    """Return alpha for nominal labels, over the tasks that have two labels or more.

    The limits come from leaving out a task at a time; see alpha.py and coefficients.py, also
    for other levels of measurement and other coefficients.
    """
    found = alpha(vote_table(matrix))
    return Agreement(found.value, found.low, found.high, found.n_tasks)
