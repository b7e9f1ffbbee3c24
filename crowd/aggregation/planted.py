"""Simulate crowds whose truth and habits are known, for tests and measurements."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crowd.aggregation.arrays import FloatArray, IndexArray
from crowd.aggregation.confusion import one_coin_confusions
from crowd.aggregation.label_matrix import LabelMatrix


@dataclass(frozen=True, eq=False)
class PlantedCrowd:
    """Hold simulated labels with what they were made from.

    truth: true class of each task, shape (n_tasks,).
    confusion: probability of each label (last axis) given the true class,
        shape (n_annotators, n_classes, n_classes).
    """

    matrix: LabelMatrix
    truth: IndexArray
    confusion: FloatArray


def one_coin_crowd(
    skills: Sequence[float],
    n_tasks: int,
    *,
    n_classes: int = 2,
    labels_per_task: int = 5,
    seed: int = 0,
) -> PlantedCrowd:
    """Simulate annotators who answer right with their skill and else any wrong class."""
    confusion = one_coin_confusions(np.array(skills), n_classes)
    return planted_crowd(confusion, n_tasks, labels_per_task=labels_per_task, seed=seed)


def planted_crowd(
    confusion: FloatArray, n_tasks: int, *, labels_per_task: int = 5, seed: int = 0
) -> PlantedCrowd:
    """Simulate annotators with these confusion matrices on tasks of even classes.

    Each task goes to `labels_per_task` different annotators, drawn at random.
    """
    generator = np.random.default_rng(seed)
    n_annotators, n_classes = confusion.shape[:2]
    truth = generator.integers(0, n_classes, n_tasks)
    lots = generator.random((n_tasks, n_annotators))
    annotator = lots.argsort(axis=1)[:, :labels_per_task].ravel()
    task = np.repeat(np.arange(n_tasks), labels_per_task)
    draws = generator.random((len(task), 1))
    # The last cumulative chance is left out: rounding may leave it below 1.
    label = (confusion[annotator, truth[task]].cumsum(axis=1)[:, :-1] < draws).sum(axis=1)
    matrix = LabelMatrix(
        task.astype(np.int32),
        annotator.astype(np.int32),
        label.astype(np.int16),
        task_names=_numbered("task", n_tasks),
        annotator_names=_numbered("annotator", n_annotators),
        class_names=_numbered("class", n_classes),
    )
    return PlantedCrowd(matrix, truth, confusion)


def _numbered(kind: str, count: int) -> tuple[str, ...]:
    digits = len(str(count))
    return tuple(f"{kind} {number:0{digits}}" for number in range(1, count + 1))
