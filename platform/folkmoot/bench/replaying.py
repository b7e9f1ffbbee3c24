"""Replay real votes in a random order: as fixed redundancy, and as a rule that stops early.

Tasks get their votes in rounds, one each. Fixed redundancy is looked at after every round. The
rule asks on only for tasks where a vote is expected to bring more accuracy than it is worth (see
asking.py), with a floor, and a ceiling at the votes that there are; all that is known is fitted
anew by `CollapsedBayes` before every round, so that a task whose annotators come out worse is
asked about again. What was collected, by either, is answered by the default, `Ensemble`.

What a vote is worth need not be set: it is halved until that changes hardly any answer, twice.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from crowd.aggregation.arrays import FloatArray, IndexArray
from crowd.aggregation.asking import gain_per_label
from crowd.aggregation.collapsed import CollapsedBayes
from crowd.aggregation.ensemble import Ensemble
from crowd.aggregation.label_matrix import LabelMatrix
from folkmoot.bench.crowd_data import RealCrowd

FLOOR = 3
# Accuracy that a vote must be expected to bring, from a fiftieth down by halves.
WORTHS = tuple(0.02 / 2**halvings for halvings in range(15))
# Closer is not needed to say which class leads, or what a vote is worth.
_TOLERANCE = 1e-5


@dataclass(frozen=True, eq=False)
class Replays:
    """Hold what each task cost and how often it came out right, over all replays.

    Rows of the first axis are rounds (fixed), or what a vote is worth (early), columns the
    tasks whose truth is known; of what is `settled`, which chose that worth itself, one row.
    """

    name: str
    labels_fixed: FloatArray
    right_fixed: FloatArray
    labels_early: FloatArray
    right_early: FloatArray
    labels_settled: FloatArray
    right_settled: FloatArray


@dataclass(frozen=True, eq=False)
class _Replay:
    """Hold one order of the votes.

    place: how many votes of its task come before each, shape (n_labels,).
    judged, truth: the tasks whose truth is known, and what it is.
    """

    matrix: LabelMatrix
    place: IndexArray
    judged: IndexArray
    truth: IndexArray

    def collected(self, taken: IndexArray) -> LabelMatrix:
        """Return as many of the first votes of each task as were taken."""
        matrix = self.matrix
        is_in = self.place < taken[matrix.task]
        return LabelMatrix.from_arrays(
            matrix.task[is_in],
            matrix.annotator[is_in],
            matrix.label[is_in],
            n_tasks=matrix.n_tasks,
            n_annotators=matrix.n_annotators,
            n_classes=matrix.n_classes,
        )

    def gain(self, taken: IndexArray) -> FloatArray:
        """Return what the rule expects of one more vote on each task: shape (n_tasks,)."""
        collected = self.collected(taken)
        fitted = CollapsedBayes(tolerance=_TOLERANCE, correlation=0).fit(collected)
        return gain_per_label(fitted, collected, self.matrix.labels_per_task)

    def answers(self, taken: IndexArray) -> IndexArray:
        """Return what the default makes of these votes: shape (n_tasks,)."""
        return Ensemble(tolerance=_TOLERANCE).fit_predict(self.collected(taken))

    def outcome(self, taken: IndexArray, answers: IndexArray) -> FloatArray:
        """Return the labels of the judged tasks, and whether each is right: (2, n_judged)."""
        is_right = answers[self.judged] == self.truth
        return np.stack([taken[self.judged], is_right]).astype(np.float64)


def replay_crowd(crowd: RealCrowd, *, seeds: int, may_change: float) -> Replays:
    """Replay a crowd's votes in as many random orders as there are seeds.

    may_change: share of answers that the last two halvings of a vote's worth may change each.
    """
    judged = np.array(sorted(crowd.truth))
    truth = np.array([crowd.truth[task] for task in judged])
    fixed, early, settled = [], [], []
    for seed in range(seeds):
        place = _places(crowd.matrix, np.random.default_rng(seed))
        replay = _Replay(crowd.matrix, place, judged, truth)
        fixed.append(_fixed(replay))
        outcomes, changed = _early(replay)
        early.append(outcomes)
        settled.append(outcomes[settled_place(changed, may_change)])
    means = [np.moveaxis(np.mean(each, axis=0), -2, 0) for each in (fixed, early, settled)]
    return Replays(crowd.name, *(rows for mean in means for rows in mean))


def settled_place(changed: list[float], may_change: float) -> int:
    """Return the first halving (from 1) that, like the one before, changed so few answers.

    Once may be chance, above all where there are few tasks. If none is, it is the last.
    """
    settled = (place for place, pair in enumerate(pairwise(changed), 2) if max(pair) <= may_change)
    return next(settled, len(changed))


def _places(matrix: LabelMatrix, generator: np.random.Generator) -> IndexArray:
    """Return the place of each vote within its task, in a random order."""
    shuffled = generator.permutation(matrix.n_labels)
    by_task = shuffled[np.argsort(matrix.task[shuffled], kind="stable")]
    place = np.empty(matrix.n_labels, dtype=np.int64)
    place[by_task] = np.arange(matrix.n_labels) - matrix.task_offsets[matrix.task[by_task]]
    return place


def _fixed(replay: _Replay) -> list[FloatArray]:
    """Return labels and right answers of each task after every round."""
    n_votes = replay.matrix.labels_per_task
    rounds = [np.minimum(n_votes, most) for most in range(1, int(n_votes.max()) + 1)]
    return [replay.outcome(taken, replay.answers(taken)) for taken in rounds]


def _early(replay: _Replay) -> tuple[list[FloatArray], list[float]]:
    """Return the outcome at every worth, and the share of answers that each halving changed."""
    taken = np.minimum(replay.matrix.labels_per_task, FLOOR)
    outcomes, changed = [], []
    before: IndexArray | None = None
    for worth in WORTHS:
        taken = _asked(replay, taken, worth)
        answers = replay.answers(taken)
        outcomes.append(replay.outcome(taken, answers))
        if before is not None:
            changed.append(float((answers != before).mean()))
        before = answers
    return outcomes, changed


def _asked(replay: _Replay, taken: IndexArray, worth: float) -> IndexArray:
    """Return how many votes each task has when none is expected to bring more than this."""
    while True:
        asks_on = replay.gain(taken) > worth
        if not asks_on.any():
            return taken
        taken = taken + asks_on
