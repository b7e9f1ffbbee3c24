"""Count each annotator's answers by item group and reference answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from governance.fairness.counts import Integers, categorised


@dataclass(frozen=True, slots=True)
class Answers:
    """Hold one entry an answer: who answered, about which group of items, what, and the reference.

    The reference is gold, or the consensus without this annotator. Each annotator answers an
    item once. A missing item group is counted as unknown.
    """

    annotators: Sequence[str]
    item_groups: Sequence[str | None]
    answers: Sequence[str]
    references: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class AnswerCounts:
    """Hold counts of shape (annotators, item groups, reference answers)."""

    annotators: tuple[str, ...]
    item_groups: tuple[str, ...]
    trials: Integers
    errors: Integers
    positives: Integers


def count_answers(given: Answers, *, positive: str) -> AnswerCounts:
    """Count answers, errors, and answers that say `positive`.

    Raise ValueError when the columns differ in length.
    """
    columns = (given.annotators, given.item_groups, given.answers, given.references)
    if len({len(column) for column in columns}) != 1:
        raise ValueError("All columns of the answers must have the same length.")
    annotators, annotator = categorised(given.annotators)
    item_groups, item_group = categorised(given.item_groups)
    references, reference = categorised(given.references)
    shape = (len(annotators), len(item_groups), len(references))
    cell = (annotator * shape[1] + item_group) * shape[2] + reference
    said = np.array(given.answers, dtype=object)
    return AnswerCounts(
        annotators=annotators,
        item_groups=item_groups,
        trials=_table(cell, shape),
        errors=_table(cell[said != np.array(given.references, dtype=object)], shape),
        positives=_table(cell[said == positive], shape),
    )


def _table(cell: NDArray[np.int64], shape: tuple[int, int, int]) -> Integers:
    return np.bincount(cell, minlength=prod(shape)).reshape(shape)
