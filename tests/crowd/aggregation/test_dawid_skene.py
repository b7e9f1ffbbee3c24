from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import logsumexp

from crowd.aggregation import DawidSkene, LabelMatrix, MajorityVote
from crowd.aggregation.planted import PlantedCrowd, one_coin_crowd


def test_planted_confusion_matrices_are_found(mixed_crowd: PlantedCrowd):
    fit = DawidSkene().fit(mixed_crowd.matrix)
    assert fit.converged_
    np.testing.assert_allclose(fit.confusion_, mixed_crowd.confusion, atol=0.09)


def test_it_beats_the_majority_where_annotators_differ(mixed_crowd: PlantedCrowd):
    weighted = DawidSkene().fit_predict(mixed_crowd.matrix) == mixed_crowd.truth
    majority = MajorityVote().fit_predict(mixed_crowd.matrix) == mixed_crowd.truth
    assert weighted.mean() > majority.mean() + 0.02


def test_the_guesser_and_the_constant_annotator_come_last(mixed_crowd: PlantedCrowd):
    reliability = DawidSkene().fit(mixed_crowd.matrix).reliability_
    assert set(np.argsort(reliability)[:2].tolist()) == {8, 9}


def test_most_planted_skills_lie_in_their_intervals():
    skills = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6]
    covered = []
    for seed in range(20):
        fit = DawidSkene(correlation=0).fit(one_coin_crowd(skills, n_tasks=200, seed=seed).matrix)
        covered.append((fit.reliability_low_ <= skills) & (skills <= fit.reliability_high_))
    assert np.mean(covered) > 0.88


def test_the_objective_is_the_log_posterior_of_the_parameters(mixed_crowd: PlantedCrowd):
    """Write the sum out label by label, at the maximum over skill (searched on a grid)."""
    matrix = mixed_crowd.matrix
    fit = DawidSkene(tolerance=1e-12, max_iterations=2000).fit(matrix)
    shares = _class_shares(fit, matrix)
    likelihood = sum(
        logsumexp(
            np.log(shares)
            + sum(
                np.log(fit.confusion_[matrix.annotator[row], :, matrix.label[row]])
                for row in np.flatnonzero(matrix.task == task)
            )
        )
        for task in range(matrix.n_tasks)
    )
    prior = sum(_best_skill_prior(theta) for theta in fit.confusion_) + np.log(shares).sum()
    assert fit.objective_path_[-1] == pytest.approx(likelihood + prior, abs=1e-3)


def test_stopping_early_is_admitted(mixed_crowd: PlantedCrowd):
    fit = DawidSkene(max_iterations=2).fit(mixed_crowd.matrix)
    assert not fit.converged_
    assert fit.n_iterations_ == 2 == len(fit.objective_path_)


def test_known_tasks_keep_their_answer_and_teach_about_annotators():
    crowd = one_coin_crowd([0.3, 0.3, 0.3, 0.9, 0.9], n_tasks=300)
    misled = DawidSkene().fit(crowd.matrix)
    known = {task: int(crowd.truth[task]) for task in range(100)}
    taught = DawidSkene().fit(crowd.matrix, known)
    unknown = slice(100, None)
    assert (taught.labels_[:100] == crowd.truth[:100]).all()
    assert (taught.confidence_[:100] == 1).all()
    assert (misled.labels_ == crowd.truth)[unknown].mean() < 0.8
    assert (taught.labels_ == crowd.truth)[unknown].mean() > 0.85


def test_known_tasks_teach_from_the_very_first_step():
    answers = "x" * 10 + "y" * 10 + "x"
    rows = [(f"t{task:02}", who, label) for task, label in enumerate(answers) for who in "abc"]
    contrary = {task: int(label == "x") for task, label in enumerate(answers[:-1])}
    fit = DawidSkene(max_iterations=1).fit(
        LabelMatrix.from_labels(rows, classes=["x", "y"]), contrary
    )
    assert fit.labels_[-1] == 1


def test_tempering_lowers_confidence_and_changes_no_label(mixed_crowd: PlantedCrowd):
    sharp = DawidSkene(correlation=0).fit(mixed_crowd.matrix)
    tempered = DawidSkene(correlation=0.5).fit(mixed_crowd.matrix)
    assert (sharp.labels_ == tempered.labels_).all()
    assert (tempered.confidence_ <= sharp.confidence_ + 1e-12).all()
    np.testing.assert_array_equal(sharp.objective_path_, tempered.objective_path_)


def test_without_correlation_the_posterior_is_bayes_rule(mixed_crowd: PlantedCrowd):
    fit = DawidSkene(correlation=0, tolerance=0, max_iterations=500).fit(mixed_crowd.matrix)
    matrix = mixed_crowd.matrix
    weights = _class_shares(fit, matrix)
    for row in np.flatnonzero(matrix.task == 7):
        weights = weights * fit.confusion_[matrix.annotator[row], :, matrix.label[row]]
    np.testing.assert_allclose(fit.posterior_[7], weights / weights.sum(), atol=1e-4)


def test_a_tie_goes_to_the_lower_class():
    rows = [("t1", "ann", "y"), ("t1", "bob", "x")]
    fit = DawidSkene().fit(LabelMatrix.from_labels(rows, classes=["x", "y"]))
    assert fit.labels_.tolist() == [0]
    np.testing.assert_allclose(fit.posterior_, 0.5)


def test_a_task_without_labels_gets_the_class_shares(mixed_crowd: PlantedCrowd):
    crowd = mixed_crowd.matrix
    names = (*crowd.task_names, "unlabelled")
    matrix = LabelMatrix(
        crowd.task, crowd.annotator, crowd.label, names, crowd.annotator_names, crowd.class_names
    )
    fit = DawidSkene(correlation=0).fit(matrix)
    np.testing.assert_allclose(fit.posterior_[-1], _class_shares(fit, matrix), atol=1e-3)


def test_the_same_labels_give_the_same_bytes(mixed_crowd: PlantedCrowd):
    first, second = (DawidSkene().fit(mixed_crowd.matrix) for _ in range(2))
    assert first.posterior_.tobytes() == second.posterior_.tobytes()
    assert first.confusion_.tobytes() == second.confusion_.tobytes()


@pytest.mark.parametrize(
    "make",
    [
        lambda: DawidSkene(shrinkage=0),
        lambda: DawidSkene(prior_wrong=0),
        lambda: DawidSkene(class_tasks=0),
        lambda: DawidSkene(max_iterations=0),
        lambda: DawidSkene(tolerance=-1),
        lambda: DawidSkene(correlation=1.1),
    ],
)
def test_a_parameter_out_of_range_is_refused(make: Callable[[], DawidSkene]):
    with pytest.raises(ValueError, match=r"above zero|correlation in 0 to 1"):
        make()


def _class_shares(fit: DawidSkene, matrix: LabelMatrix) -> NDArray[np.float64]:
    sharp = DawidSkene(**fit.parameters() | {"correlation": 0}).fit(matrix).posterior_
    tasks = sharp.sum(axis=0) + fit.class_tasks
    return tasks / tasks.sum()


def _best_skill_prior(theta: NDArray[np.float64]) -> float:
    skill = np.linspace(0.001, 0.999, 9981)
    coin = np.stack([[skill, 1 - skill], [1 - skill, skill]])
    pull = 3 * (coin * (np.log(theta)[:, :, None] - np.log(coin))).sum(axis=(0, 1))
    return float((pull + 4 * np.log(skill) + 2 * np.log(1 - skill)).max())
