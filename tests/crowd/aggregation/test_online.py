import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from crowd.aggregation import BetaPrior, StoppingRule, posterior_of, reliability_from_gold


def test_a_single_answer_is_believed_as_far_as_its_annotator():
    np.testing.assert_allclose(posterior_of([1], [0.8], 3), [0.1, 0.8, 0.1])


def test_without_correlation_it_is_bayes_rule():
    right = 0.9 * 0.7 * 0.4
    wrong = 0.1 * 0.3 * 0.6
    posterior = posterior_of([0, 0, 1], [0.9, 0.7, 0.6], 2, correlation=0)
    np.testing.assert_allclose(posterior, [right / (right + wrong), wrong / (right + wrong)])


def test_fully_correlated_answers_weigh_as_one():
    posterior = posterior_of([1] * 5, [0.8] * 5, 2, correlation=1)
    np.testing.assert_allclose(posterior, [0.2, 0.8])


def test_correlation_tempers_by_the_design_effect():
    posterior = posterior_of([0, 0, 0], [0.8] * 3, 2, correlation=0.5)
    odds = 4 ** (3 / 2)
    np.testing.assert_allclose(posterior[0], odds / (1 + odds))


def test_a_guesser_says_nothing():
    np.testing.assert_allclose(posterior_of([2], [1 / 3], 3), [1 / 3] * 3)


def test_no_answers_leave_every_class_equally_likely():
    np.testing.assert_allclose(posterior_of([], [], 4), [0.25] * 4)


def test_a_perfect_record_is_not_certainty():
    posterior = posterior_of([0, 1], [1.0, 0.0], 2)
    assert posterior.max() < 1


def test_a_single_class_is_certain():
    np.testing.assert_allclose(posterior_of([0, 0], [0.7, 1.0], 1), [1.0])


crowds = st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1)), max_size=9)


@settings(deadline=None, max_examples=40)
@given(crowd=crowds, correlation=st.floats(0, 1))
def test_the_posterior_sums_to_one_in_any_order_of_answers(
    crowd: list[tuple[int, float]], correlation: float
):
    answers, reliabilities = [each[0] for each in crowd], [each[1] for each in crowd]
    posterior = posterior_of(answers, reliabilities, 4, correlation)
    backwards = posterior_of(answers[::-1], reliabilities[::-1], 4, correlation)
    assert posterior.sum() == pytest.approx(1)
    np.testing.assert_allclose(posterior, backwards, atol=1e-12)


@pytest.mark.parametrize(
    ("answers", "reliabilities", "problem"),
    [
        ([0, 1], [0.5], "needs the reliability"),
        ([2], [0.5], "not in 0 to 1"),
        ([-1], [0.5], "not in 0 to 1"),
        ([0], [1.5], "A reliability"),
        ([0], [float("nan")], "A reliability"),
    ],
)
def test_input_out_of_range_is_refused(
    answers: list[int], reliabilities: list[float], problem: str
):
    with pytest.raises(ValueError, match=problem):
        posterior_of(answers, reliabilities, 2)


@pytest.mark.parametrize(
    ("n_labels", "confidence", "wants_more"),
    [
        (0, 0.0, True),
        (2, 0.99, True),
        (3, 0.89, True),
        (3, 0.9, False),
        (6, 0.5, True),
        (7, 0.5, False),
        (9, 0.1, False),
    ],
)
def test_a_task_asks_on_between_floor_and_ceiling_until_confident(
    n_labels: int, confidence: float, wants_more: bool
):
    rule = StoppingRule(floor=3, ceiling=7, confidence=0.9)
    assert rule.wants_more(n_labels, confidence) is wants_more


@pytest.mark.parametrize(("floor", "ceiling", "confidence"), [(0, 3, 0.9), (4, 3, 0.9), (1, 3, 0)])
def test_a_rule_that_contradicts_itself_is_refused(floor: int, ceiling: int, confidence: float):
    with pytest.raises(ValueError, match="stopping rule needs"):
        StoppingRule(floor, ceiling, confidence)


def test_gold_gives_the_beta_posterior():
    mean, low, high = reliability_from_gold(9, 10, prior=BetaPrior(1, 1))
    assert mean == pytest.approx(10 / 12)
    assert (low, high) == pytest.approx(beta(10, 2).ppf([0.025, 0.975]).tolist())


def test_more_gold_narrows_the_interval():
    few, many = reliability_from_gold(8, 10), reliability_from_gold(80, 100)
    assert few.low < many.low < many.high < few.high


def test_a_newcomer_is_believed_as_the_prior_says():
    assert reliability_from_gold(0, 0).mean == pytest.approx(2 / 3)


@pytest.mark.parametrize(("right", "seen"), [(3, 2), (-1, 2)])
def test_impossible_gold_counts_are_refused(right: int, seen: int):
    with pytest.raises(ValueError, match="cannot be"):
        reliability_from_gold(right, seen)


def test_a_prior_without_doubt_is_refused():
    with pytest.raises(ValueError, match="prior"):
        reliability_from_gold(1, 1, prior=BetaPrior(1, 0))
