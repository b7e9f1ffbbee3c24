"""Replay real votes in a random order: as fixed redundancy, and as a rule that stops early.

Both ask and judge by the same `OnlineConsensus`. Tasks get their votes in rounds, one each. Fixed
redundancy is looked at after every round; the rule asks on only for tasks whose posterior is
below the threshold, with a floor, a ceiling at the votes that there are, and a random share of
tasks that get every vote whatever the posterior, so that a project knows what it gives up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from crowd.aggregation.arrays import BoolArray, FloatArray, IndexArray
from crowd.aggregation.incremental import OnlineConsensus
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.posteriors import decide
from folkmoot.bench.crowd_data import RealCrowd

FLOOR = 3
_Vote: TypeAlias = tuple[int, int]


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


@dataclass(frozen=True)
class _Replay:
    votes: Sequence[Sequence[_Vote]]
    n_classes: int
    is_audited: BoolArray


def replay_crowd(
    crowd: RealCrowd, thresholds: Sequence[float], *, seeds: int, audit_share: float
) -> Replays:
    """Replay a crowd's votes in as many random orders as there are seeds."""
    judged = np.array(sorted(crowd.truth))
    truth = np.array([crowd.truth[task] for task in judged])
    fixed, early = [], []
    for seed in range(seeds):
        generator = np.random.default_rng(seed)
        votes = _shuffled(crowd.matrix, generator)
        is_audited = generator.random(len(votes)) < audit_share
        replay = _Replay(votes, crowd.matrix.n_classes, is_audited)
        fixed.append(_fixed(replay, judged, truth))
        early.append([_early(replay, each, judged, truth) for each in thresholds])
    labels_fixed, right_fixed = np.moveaxis(np.mean(fixed, axis=0), 1, 0)
    labels_early, right_early = np.moveaxis(np.mean(early, axis=0), 1, 0)
    return Replays(crowd.name, labels_fixed, right_fixed, labels_early, right_early)


def _shuffled(matrix: LabelMatrix, generator: np.random.Generator) -> list[list[_Vote]]:
    votes: list[list[_Vote]] = [[] for _ in range(matrix.n_tasks)]
    for row in generator.permutation(matrix.n_labels).tolist():
        votes[matrix.task[row]].append((int(matrix.annotator[row]), int(matrix.label[row])))
    return votes


def _fixed(replay: _Replay, judged: IndexArray, truth: IndexArray) -> list[FloatArray]:
    """Return labels and right answers of each task after every round."""
    online = OnlineConsensus(replay.n_classes)
    n_votes = np.array([len(votes) for votes in replay.votes])
    after = []
    for place in range(int(n_votes.max())):
        for task in np.flatnonzero(n_votes > place).tolist():
            online.partial_fit(task, *replay.votes[task][place])
        after.append(_outcome(online, np.minimum(n_votes, place + 1), judged, truth))
    return after


def _early(replay: _Replay, threshold: float, judged: IndexArray, truth: IndexArray) -> FloatArray:
    """Return labels and right answers of each task where the rule stopped."""
    online = OnlineConsensus(replay.n_classes)
    taken = np.zeros(len(replay.votes), dtype=np.int64)
    asked = list(range(len(replay.votes)))
    while asked:
        for task in asked:
            online.partial_fit(task, *replay.votes[task][taken[task]])
            taken[task] += 1
        asked = [
            task
            for task, votes in enumerate(replay.votes)
            if taken[task] < len(votes)
            and (taken[task] < FLOOR or replay.is_audited[task] or _doubts(online, task, threshold))
        ]
    return _outcome(online, taken, judged, truth)


def _doubts(online: OnlineConsensus, task: int, threshold: float) -> bool:
    return bool(online.posterior(task).max() < threshold)


def _outcome(
    online: OnlineConsensus, n_labels: IndexArray, judged: IndexArray, truth: IndexArray
) -> FloatArray:
    """Return the labels of the judged tasks, and whether each is right: shape (2, n_judged)."""
    posterior = np.array([online.posterior(task) for task in judged.tolist()])
    return np.stack([n_labels[judged], decide(posterior) == truth]).astype(np.float64)
