import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from crowd.aggregation import BetaPrior
from crowd.aggregation.confusion import (
    expected_confusion_counts,
    one_coin_confusions,
    shrunken_confusions,
)
from crowd.aggregation.planted import PlantedCrowd

PRIOR = BetaPrior(4.0, 2.0)
COUNTS = np.random.default_rng(1).gamma(0.4, 6, (5, 3, 3)) + 8 * np.eye(3)


def objective(
    counts: NDArray[np.float64], theta: NDArray[np.float64], skill: float, weight: float
) -> float:
    coin = one_coin_confusions(np.array([skill]), counts.shape[1])[0]
    divergence = (coin * np.log(coin / theta)).sum()
    prior = PRIOR.right * np.log(skill) + PRIOR.wrong * np.log(1 - skill)
    return float((counts * np.log(theta)).sum() - weight * divergence + prior)


def best_for(counts: NDArray[np.float64], skill: float, weight: float) -> float:
    theta = counts + weight * one_coin_confusions(np.array([skill]), counts.shape[1])[0]
    return objective(counts, theta / theta.sum(axis=1, keepdims=True), skill, weight)


@pytest.mark.parametrize("weight", [0.5, 3.0, 50.0])
def test_the_matrices_are_where_an_optimiser_finds_the_maximum(weight: float):
    found = shrunken_confusions(COUNTS, weight=weight, prior=PRIOR)
    for counts, theta in zip(COUNTS, found.confusion, strict=True):
        best = minimize_scalar(
            lambda skill, counts=counts: -best_for(counts, skill, weight),
            bounds=(1e-6, 1 - 1e-6),
            method="bounded",
            options={"xatol": 1e-10},
        )
        expected = counts + weight * one_coin_confusions(np.array([best.x]), 3)[0]
        expected /= expected.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(theta, expected, atol=1e-6)


def test_the_log_prior_is_what_the_formula_says():
    found = shrunken_confusions(COUNTS[:1], weight=3.0, prior=PRIOR)
    data = (COUNTS[0] * np.log(found.confusion[0])).sum()
    best = max(best_for(COUNTS[0], skill, 3.0) for skill in np.linspace(0.01, 0.99, 9999))
    assert data + found.log_prior == pytest.approx(best, abs=1e-6)


def test_a_tiny_weight_gives_the_plain_shares():
    found = shrunken_confusions(COUNTS, weight=1e-9, prior=PRIOR)
    plain = COUNTS / COUNTS.sum(axis=2, keepdims=True)
    np.testing.assert_allclose(found.confusion, plain, atol=1e-6)


def test_a_huge_weight_gives_the_one_coin_model():
    found = shrunken_confusions(COUNTS, weight=1e9, prior=PRIOR)
    right = np.trace(COUNTS, axis1=1, axis2=2) + PRIOR.right
    skill = right / (COUNTS.sum(axis=(1, 2)) + sum(PRIOR))
    np.testing.assert_allclose(found.confusion, one_coin_confusions(skill, 3), atol=1e-5)


def test_a_class_never_met_takes_the_annotators_own_skill():
    counts = np.array([[[90.0, 10, 0], [10, 90, 0], [0, 0, 0]]])
    row = shrunken_confusions(counts, weight=3.0, prior=PRIOR).confusion[0, 2]
    assert row[2] > 0.7
    assert row[0] == pytest.approx(row[1])


def test_counts_add_up_posteriors_by_class_and_label(mixed_crowd: PlantedCrowd):
    matrix = mixed_crowd.matrix
    posterior = np.random.default_rng(2).dirichlet([1, 1], matrix.n_tasks)
    expected = np.zeros((matrix.n_annotators, 2, 2))
    rows = zip(matrix.task, matrix.annotator, matrix.label, strict=True)
    for task, annotator, label in rows:
        expected[annotator, :, label] += posterior[task]
    np.testing.assert_allclose(expected_confusion_counts(matrix, posterior), expected)
