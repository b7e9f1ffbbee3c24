import numpy as np
import pytest

from crowd.aggregation.posteriors import clamp, decide, normalise, temper


def test_a_difference_by_rounding_is_a_tie_and_goes_to_the_lower_class():
    posterior = np.array([[0.5 - 1e-12, 0.5 + 1e-12], [0.5 - 1e-6, 0.5 + 1e-6]])
    assert decide(posterior).tolist() == [0, 1]


def test_weights_too_small_for_a_float_still_give_a_posterior():
    posterior, log_total = normalise(np.array([[-2000.0, -2000.0 - np.log(3)]]))
    np.testing.assert_allclose(posterior, [[0.75, 0.25]])
    np.testing.assert_allclose(log_total, -2000 + np.log(4 / 3))


def test_tempering_ignores_the_scale_of_the_weights():
    weights = np.log([[0.2, 0.6], [0.1, 0.3]])
    tempered = temper(weights, np.array([3, 3]), correlation=0.5)
    np.testing.assert_allclose(tempered[0], tempered[1])


@pytest.mark.parametrize("n_labels", [0, 1])
def test_a_single_label_is_not_tempered(n_labels: int):
    tempered = temper(np.log([[0.3, 0.7]]), np.array([n_labels]), correlation=0.5)
    np.testing.assert_allclose(tempered, [[0.3, 0.7]])


def test_an_impossible_class_stays_impossible_when_tempered():
    tempered = temper(np.array([[0.0, -np.inf]]), np.array([4]), correlation=0.5)
    assert tempered.tolist() == [[1.0, 0.0]]


def test_clamping_leaves_the_argument_alone():
    posterior = np.array([[0.4, 0.6]])
    clamped = clamp(posterior, np.array([[True, False]]))
    assert (clamped.tolist(), posterior.tolist()) == ([[1, 0]], [[0.4, 0.6]])
