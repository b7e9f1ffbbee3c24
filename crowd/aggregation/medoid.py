"""Choose, of the texts that annotators wrote, the one that the others come closest to."""

from collections import Counter
from typing import ClassVar, NamedTuple, Self

import numpy as np

from crowd.aggregation.answer_rows import TextRows
from crowd.aggregation.arrays import FloatArray, IndexArray, sum_by
from crowd.aggregation.estimator import Estimator
from crowd.aggregation.listening import tell
from crowd.aggregation.parameters import require_positive

_TIE_DECIMALS = 9


class _Pairs(NamedTuple):
    """Hold how like each text is to each other text of its task: three arrays."""

    row: IndexArray
    other: IndexArray
    likeness: FloatArray


class TextMedoid(Estimator[TextRows]):
    """Find the text nearest to all others of its task, each weighted by its annotator.

    Two texts are as like as the cosine between their counts of pieces of `n_gram`
    characters, lower-cased, spaces made one, with the ends marked. It needs no model of a
    language, and writing without spaces works too.

    n_gram: characters in a piece.
    prior_answers: answers imagined for every annotator, as like as the crowd's are.
    sharpness: power of an annotator's likeness that their texts weigh with.
    tolerance, max_iterations: stop when no annotator's likeness moves more than
        `tolerance`, and then in any case.

    texts_: the chosen text of each task, "" for a task without any, (n_tasks,).
    row_: which row it came from, or -1, (n_tasks,); ties to the first row.
    likeness_: weighted mean likeness of the others to it, (n_tasks,); 0 where it is alone.
    reliability_: weighted mean likeness of an annotator's texts to those of others, drawn
        to the crowd's, (n_annotators,).

    Li and Fukumoto, A Dataset of Crowdsourced Word Sequences: Collections and Answer
    Aggregation for Ground Truth Creation, AnnoNLP 2019 (RASA: reliability-aware sequence
    aggregation; there with sentence embeddings and a mean, here with a medoid).
    """

    name: ClassVar[str] = "text-medoid"
    version: ClassVar[str] = "1"

    texts_: list[str]
    row_: IndexArray
    likeness_: FloatArray
    reliability_: FloatArray

    def __init__(
        self,
        *,
        n_gram: int = 3,
        prior_answers: float = 4.0,
        sharpness: float = 2.0,
        tolerance: float = 1e-6,
        max_iterations: int = 100,
    ) -> None:
        require_positive(n_gram=n_gram, prior_answers=prior_answers, max_iterations=max_iterations)
        self.n_gram = n_gram
        self.prior_answers = prior_answers
        self.sharpness = sharpness
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, rows: TextRows) -> Self:
        """Weigh texts by annotators and annotators by texts in turn; then choose."""
        pairs = _pairs_of(rows, self.n_gram)
        typical = float(pairs.likeness.mean()) if len(pairs.likeness) else 1.0
        reliability = np.full(rows.n_annotators, typical)
        moves: list[float] = []
        while not moves or (moves[-1] > self.tolerance and len(moves) < self.max_iterations):
            weight = reliability**self.sharpness
            near = _mean_likeness(pairs, weight[rows.annotator], rows.n_rows)
            better = self._reliability(rows, pairs, near, typical)
            moves.append(float(np.abs(better - reliability).max(initial=0.0)))
            tell(len(moves))
            reliability = better
        self._keep_ending(rows, [], converged=moves[-1] <= self.tolerance)
        self.n_iterations_ = len(moves)
        self.reliability_ = reliability
        self._choose(rows, near)
        return self

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""
        return {
            "n_gram": self.n_gram,
            "prior_answers": self.prior_answers,
            "sharpness": self.sharpness,
            "tolerance": self.tolerance,
            "max_iterations": self.max_iterations,
        }

    def _reliability(
        self, rows: TextRows, pairs: _Pairs, near: FloatArray, typical: float
    ) -> FloatArray:
        # A text that stands alone says nothing about who wrote it.
        judged = np.bincount(pairs.row, minlength=rows.n_rows) > 0
        total = sum_by(rows.annotator, np.where(judged, near, 0.0), rows.n_annotators)
        count = sum_by(rows.annotator, judged.astype(np.float64), rows.n_annotators)
        drawn = total + self.prior_answers * typical
        return np.asarray(drawn / (count + self.prior_answers))

    def _choose(self, rows: TextRows, near: FloatArray) -> None:
        order = np.lexsort((np.arange(rows.n_rows), -near.round(_TIE_DECIMALS), rows.task))
        tasks, first = np.unique(rows.task[order], return_index=True)
        self.row_ = np.full(rows.n_tasks, -1, dtype=np.int64)
        self.row_[tasks] = order[first]
        chosen = self.row_ >= 0
        self.texts_ = [str(rows.text[row]) if row >= 0 else "" for row in self.row_.tolist()]
        self.likeness_ = np.where(chosen, near[self.row_], 0.0)


def _mean_likeness(pairs: _Pairs, weight: FloatArray, n_rows: int) -> FloatArray:
    """Return the weighted mean likeness of the others to each row; 0 where there are none."""
    total = sum_by(pairs.row, weight[pairs.other] * pairs.likeness, n_rows)
    weights = sum_by(pairs.row, weight[pairs.other], n_rows)
    return np.asarray(total / np.where(weights > 0, weights, 1.0))


def _pairs_of(rows: TextRows, n_gram: int) -> _Pairs:
    pieces = [_pieces(text, n_gram) for text in rows.text.tolist()]
    found: list[tuple[int, int, float]] = []
    ends = np.append(np.flatnonzero(np.diff(rows.task)) + 1, rows.n_rows)
    start = 0
    for end in ends.tolist():
        for row in range(start, end):
            for other in range(row + 1, end):
                likeness = _cosine(pieces[row], pieces[other])
                found += [(row, other, likeness), (other, row, likeness)]
        start = end
    return _Pairs(
        np.array([row for row, _, _ in found], dtype=np.int64),
        np.array([other for _, other, _ in found], dtype=np.int64),
        np.array([likeness for _, _, likeness in found], dtype=np.float64),
    )


def _pieces(text: str, n_gram: int) -> Counter[str]:
    plain = f"\x02{' '.join(text.lower().split())}\x03"
    return Counter(
        plain[place : place + n_gram] for place in range(max(len(plain) - n_gram + 1, 1))
    )


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    shared = sum(count * other[piece] for piece, count in one.items() if piece in other)
    lengths = sum(count**2 for count in one.values()) * sum(count**2 for count in other.values())
    return float(shared / lengths**0.5)
