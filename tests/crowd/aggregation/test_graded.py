import numpy as np
import pytest

from crowd.aggregation.dawid_skene import DawidSkene
from crowd.aggregation.ensemble import Ensemble
from crowd.aggregation.graded import GradedCrowd, graded_confusions, medians_of
from crowd.aggregation.graded_ensemble import GradedEnsemble
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.planted import PlantedCrowd, planted_crowd

SHIFTS = np.array([0.0, 0.0, 1.0, -1.0, 0.0, 0.5])
WIDTHS = np.array([0.3, 0.5, 0.5, 0.6, 1.5, 0.8])


def crowd_of(n_tasks: int, seed: int = 0, labels_per_task: int = 4) -> PlantedCrowd:
    confusion = graded_confusions(SHIFTS, WIDTHS, np.full(6, 0.02), 5)
    return planted_crowd(confusion, n_tasks, labels_per_task=labels_per_task, seed=seed)


def test_planted_shifts_and_widths_are_found():
    fit = GradedCrowd().fit(crowd_of(500).matrix)
    assert fit.converged_
    assert (np.diff(fit.objective_path_) > -1e-9).all()
    np.testing.assert_allclose(fit.shift_, SHIFTS, atol=0.35)
    assert fit.width_.argmax() == 4
    np.testing.assert_allclose(fit.confusion_.sum(axis=2), 1)


def test_in_a_small_crowd_two_numbers_an_annotator_beat_a_matrix():
    ours, matrices = [], []
    for seed in range(8):
        crowd = crowd_of(30, seed, labels_per_task=3)
        ours.append(np.abs(GradedCrowd().fit_predict(crowd.matrix) - crowd.truth).mean())
        fit = DawidSkene().fit(crowd.matrix)
        matrices.append(np.abs(medians_of(fit.posterior_) - crowd.truth).mean())
    assert np.mean(ours) < np.mean(matrices)


def test_the_ensemble_is_the_mean_of_both_and_takes_medians():
    crowd = crowd_of(60)
    fit = GradedEnsemble(graded_share=0.4).fit(crowd.matrix, {0: 3})
    parts = [each().fit(crowd.matrix, {0: 3}).posterior_ for each in (Ensemble, GradedCrowd)]
    np.testing.assert_allclose(fit.posterior_, 0.6 * parts[0] + 0.4 * parts[1])
    assert fit.labels_[0] == 3
    assert (fit.labels_ == medians_of(fit.posterior_)).all()
    assert np.abs(fit.labels_ - crowd.truth).mean() < 0.35


def test_the_median_is_nearer_than_the_mode():
    posterior = np.array([[0.4, 0.0, 0.25, 0.35], [0.5, 0.5, 0, 0], [0, 0, 0, 1]])
    assert medians_of(posterior).tolist() == [2, 0, 3]


def test_known_tasks_keep_their_answer_and_teach():
    crowd = crowd_of(100)
    known = {task: int(crowd.truth[task]) for task in range(60)}
    fit = GradedCrowd().fit(crowd.matrix, known)
    assert (fit.labels_[:60] == crowd.truth[:60]).all()
    assert (fit.confidence_[:60] == 1).all()


def test_the_order_of_annotators_and_tasks_changes_nothing():
    crowd = crowd_of(60)
    matrix = crowd.matrix
    turned = LabelMatrix(
        (59 - matrix.task).astype(np.int32),
        (5 - matrix.annotator).astype(np.int32),
        matrix.label,
        matrix.task_names,
        matrix.annotator_names,
        matrix.class_names,
    )
    fit, other = GradedCrowd().fit(matrix), GradedCrowd().fit(turned)
    np.testing.assert_allclose(other.posterior_[::-1], fit.posterior_, atol=1e-9)
    np.testing.assert_allclose(other.shift_[::-1], fit.shift_)


@pytest.mark.parametrize("classes", [["only"], ["low", "high"]])
def test_one_annotator_one_task_and_few_grades_work(classes: list[str]):
    fit = GradedCrowd().fit(LabelMatrix.from_labels([("t", "ann", classes[-1])], classes=classes))
    assert fit.labels_.tolist() == [len(classes) - 1]
    np.testing.assert_allclose(fit.posterior_.sum(axis=1), 1)


def test_parameters_make_the_same_again_and_wrong_ones_are_refused():
    assert GradedCrowd(**GradedCrowd().parameters()).parameters() == GradedCrowd().parameters()
    with pytest.raises(ValueError, match="above zero"):
        GradedCrowd(shift_prior=0)
