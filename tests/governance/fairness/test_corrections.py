from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.fairness.corrections import holm, verdict_of
from governance.fairness.estimates import Verdict

probabilities = st.floats(0, 1)


def test_holm_agrees_with_a_worked_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_a_question_that_could_not_be_asked_still_counts():
    assert holm([0.01, None, None]) == [pytest.approx(0.03), None, None]


@given(st.lists(probabilities, min_size=1, max_size=20), st.randoms())
def test_the_order_of_the_questions_changes_nothing(p_values: list[float], random: Random):
    order = list(range(len(p_values)))
    random.shuffle(order)
    shuffled = holm([p_values[at] for at in order])
    assert shuffled == [holm(p_values)[at] for at in order]


@given(st.lists(probabilities, min_size=1, max_size=20))
def test_correction_never_makes_a_p_value_smaller(p_values: list[float]):
    for raw, adjusted in zip(p_values, holm(p_values), strict=True):
        assert raw <= adjusted <= 1


def test_there_are_three_verdicts():
    assert verdict_of(0.049, 0.05) is Verdict.FINDING
    assert verdict_of(0.05, 0.05) is Verdict.NO_FINDING
    assert verdict_of(None, 0.05) is Verdict.NOT_ESTIMABLE
