import numpy as np
import pytest

from crowd.aggregation import CollapsedBayes, LabelMatrix, gain_per_label
from crowd.aggregation.planted import PlantedCrowd, one_coin_crowd


def gains(matrix: LabelMatrix, *, ceiling: int, known: dict[int, int] | None = None):
    fitted = CollapsedBayes(correlation=0).fit(matrix, known)
    return gain_per_label(fitted, matrix, np.full(matrix.n_tasks, ceiling)), fitted


def first_labels(crowd: PlantedCrowd, taken: np.ndarray) -> LabelMatrix:
    matrix = crowd.matrix
    place = np.arange(matrix.n_labels) - matrix.task_offsets[matrix.task]
    is_in = place < taken[matrix.task]
    return LabelMatrix.from_arrays(
        matrix.task[is_in], matrix.annotator[is_in], matrix.label[is_in], n_tasks=matrix.n_tasks
    )


def test_what_is_expected_of_labels_is_what_they_bring():
    crowd = one_coin_crowd([0.75] * 20, n_tasks=4000, labels_per_task=12, seed=3)
    early = first_labels(crowd, np.full(4000, 3))
    gain, fitted = gains(early, ceiling=12)
    doubtful = gain > np.quantile(gain, 0.8)
    n_more = 4
    later = first_labels(crowd, np.full(4000, 3 + n_more))
    after = CollapsedBayes(correlation=0).fit(later).labels_ == crowd.truth
    brought = (after.astype(float) - (fitted.labels_ == crowd.truth)) / n_more
    assert brought[doubtful].mean() == pytest.approx(gain[doubtful].mean(), rel=0.3)
    assert brought[doubtful].mean() > 2 * brought[~doubtful].mean()


def test_a_task_that_stays_disputed_is_worth_less_than_one_that_is_new():
    n = 60
    task = np.concatenate([np.repeat(np.arange(n), 4), np.full(8, n), np.full(2, n + 1)])
    annotator = np.concatenate([np.tile(np.arange(4), n), np.arange(8), [8, 9]])
    label = np.concatenate([np.repeat(np.arange(n) % 2, 4), [0, 1] * 4, [0, 1]])
    gain, fitted = gains(LabelMatrix.from_arrays(task, annotator, label), ceiling=20)
    assert fitted.confidence_[n] == pytest.approx(fitted.confidence_[n + 1], abs=0.2)
    assert 0 < gain[n] < gain[n + 1]


def test_nothing_is_gained_at_the_ceiling_or_where_the_answer_is_known():
    crowd = one_coin_crowd([0.7] * 6, n_tasks=30, labels_per_task=3, seed=0)
    gain, _ = gains(crowd.matrix, ceiling=3)
    assert not gain.any()
    gain, _ = gains(crowd.matrix, ceiling=4, known={5: 0})
    assert gain[5] == pytest.approx(0, abs=1e-12)
    assert (gain[:5] > 0).any()


def test_one_class_is_never_asked_for():
    matrix = LabelMatrix.from_arrays(np.array([0, 1]), np.array([0, 0]), np.array([0, 0]))
    gain, _ = gains(matrix, ceiling=5)
    assert gain.tolist() == [0, 0]
