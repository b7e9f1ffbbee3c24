"""Replay real votes in a random order: as fixed redundancy, and as a rule that stops early.

Tasks get their votes in rounds, one each. Fixed redundancy is looked at after every round; the
rule asks on only for tasks whose posterior by `CollapsedBayes` is below the threshold, with a
floor, and a ceiling at the votes that there are. What was collected, by either, is answered by
the default, `Ensemble`.

The posterior that the rule looks at is not tempered. Tempering holds the more back the more votes
a task has, so that a threshold on it spends most where votes help least: on the tasks that
annotators dispute.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crowd.aggregation.arrays import FloatArray, IndexArray
from crowd.aggregation.collapsed import CollapsedBayes
from crowd.aggregation.ensemble import Ensemble
from crowd.aggregation.label_matrix import LabelMatrix
from folkmoot.bench.crowd_data import RealCrowd

FLOOR = 3
# Closer is not needed to say which class leads, or whether it passes a threshold.
_TOLERANCE = 1e-5


@dataclass(frozen=True, eq=False)
class Replays:
    """Hold what each task cost and how often it came out right, over all replays.

    Rows of the first axis are rounds or thresholds, columns the tasks whose truth is known.
    """

    name: str
    labels_fixed: FloatArray
    right_fixed: FloatArray
    labels_early: FloatArray
    right_early: FloatArray


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

    def confidence(self, taken: IndexArray) -> FloatArray:
        """Return how sure the rule is of each task: shape (n_tasks,)."""
        rule = CollapsedBayes(tolerance=_TOLERANCE, correlation=0)
        return rule.fit(self.collected(taken)).confidence_

    def outcome(self, taken: IndexArray) -> FloatArray:
        """Return the labels of the judged tasks, and whether each is right: (2, n_judged)."""
        answers = Ensemble(tolerance=_TOLERANCE).fit_predict(self.collected(taken))
        return np.stack([taken[self.judged], answers[self.judged] == self.truth]).astype(np.float64)


def replay_crowd(crowd: RealCrowd, thresholds: Sequence[float], *, seeds: int) -> Replays:
    """Replay a crowd's votes in as many random orders as there are seeds."""
    judged = np.array(sorted(crowd.truth))
    truth = np.array([crowd.truth[task] for task in judged])
    fixed, early = [], []
    for seed in range(seeds):
        place = _places(crowd.matrix, np.random.default_rng(seed))
        replay = _Replay(crowd.matrix, place, judged, truth)
        fixed.append(_fixed(replay))
        early.append([_early(replay, each) for each in thresholds])
    labels_fixed, right_fixed = np.moveaxis(np.mean(fixed, axis=0), 1, 0)
    labels_early, right_early = np.moveaxis(np.mean(early, axis=0), 1, 0)
    return Replays(crowd.name, labels_fixed, right_fixed, labels_early, right_early)


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
    rounds = range(1, int(n_votes.max()) + 1)
    return [replay.outcome(np.minimum(n_votes, most)) for most in rounds]


def _early(replay: _Replay, threshold: float) -> FloatArray:
    """Return labels and right answers of each task where the rule stopped."""
    n_votes = replay.matrix.labels_per_task
    taken = np.minimum(n_votes, FLOOR)
    while True:
        asks_on = (taken < n_votes) & (replay.confidence(taken) < threshold)
        if not asks_on.any():
            return replay.outcome(taken)
        taken = taken + asks_on
