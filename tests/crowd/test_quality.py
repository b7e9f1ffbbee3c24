import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowd.aggregation import NEWCOMER
from crowd.quality import expected_reliability, skill_of
from crowd.tallies import Counted, Tally, tally_after

# The first example waits for SciPy.
LAWS = settings(deadline=None, max_examples=60)
SHARE = st.floats(0, 1)


@st.composite
def tallies(draw):
    seen, compared = draw(st.integers(0, 200)), draw(st.floats(0, 500))
    right, agreed = draw(st.integers(0, seen)), draw(SHARE) * compared
    return Tally(gold_seen=seen, gold_right=right, compared=compared, agreed=agreed)


RUNS = st.one_of(st.just((None, 0)), st.tuples(st.floats(0, 1), st.integers(0, 10_000)))


@LAWS
@given(tallies(), RUNS)
def test_the_skill_lies_in_its_interval_and_is_what_is_expected(tally, run):
    skill = skill_of(tally, *run)
    assert 0 <= skill.low < skill.mean < skill.high <= 1
    assert expected_reliability(tally, *run) == pytest.approx(skill.mean)


@LAWS
@given(tallies(), RUNS)
def test_one_more_right_answer_raises_the_skill_and_a_wrong_one_lowers_it(tally, run):
    here = expected_reliability(tally, *run)
    checked = [Counted("yes", 1.0, False, was_right) for was_right in (True, False)]
    better, worse = (expected_reliability(tally_after(tally, one), *run) for one in checked)
    assert worse < here < better


@LAWS
@given(tallies(), RUNS, st.floats(0.1, 1))
def test_an_answer_that_the_others_share_speaks_for_an_annotator(tally, run, certainty):
    here = expected_reliability(tally, *run)
    shared, lonely = (
        tally_after(tally, Counted("yes", 1.0, False, None, support=support, certainty=certainty))
        for support in (1.0, 0.0)
    )
    assert expected_reliability(lonely, *run) <= here + 1e-9
    assert expected_reliability(shared, *run) >= here - 1e-9


def test_the_others_agreement_never_makes_up_for_failing_gold():
    failing = Tally(gold_seen=30, gold_right=0, agreed=1e6, compared=1e6)
    assert skill_of(failing).high < 0.5


@LAWS
@given(st.integers(1, 50), SHARE, st.integers(2, 20))
def test_more_answers_of_the_same_kind_narrow_the_interval(seen, share, times):
    right = round(share * seen)
    few = skill_of(Tally(gold_seen=seen, gold_right=right), 0.5, 0)
    many = skill_of(Tally(gold_seen=seen * times, gold_right=right * times), 0.5, 0)
    # At the same mean: there the width depends on the number of answers alone.
    if abs(few.mean - many.mean) < 0.01:
        assert many.high - many.low < few.high - few.low


def test_a_newcomer_is_believed_as_the_prior_says():
    assert expected_reliability(Tally()) == pytest.approx(NEWCOMER.right / sum(NEWCOMER))


def test_gold_outweighs_a_run_however_long_it_was():
    failing = Tally(gold_seen=100, gold_right=10)
    assert skill_of(failing, 0.99, 1_000_000).high < 0.5
