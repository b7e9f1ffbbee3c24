"""What the officer sees of oversight, and each reviewer about themselves."""

from datetime import timedelta

import pytest

from folkmoot.kernel import clock
from folkmoot.kernel.ids import new_id
from governance.fairness.estimates import Estimate, NotEstimable
from governance.models import Act, DecisionState, ReasonCode
from governance.overview import Period, oversight, own_oversight
from governance.policies import PolicyDraft
from governance.review import review_decision

SECONDS = (30, 60, 90, 600)


@pytest.fixture
def busy(court):
    """Six held cases: two confirmed, one overridden, one disregarded, two waiting."""
    model = court.active_model()
    court.policy(PolicyDraft(hold_below=1))
    court.decide(model, court.patients[300:306])
    acts = (Act.CONFIRM, Act.CONFIRM, Act.OVERRIDE, Act.DISREGARD)
    for decision, act, seconds in zip(court.decisions(), acts, SECONDS, strict=False):
        _review(court, decision, act, seconds)
    return court


def _review(court, decision, act, seconds) -> None:
    now = clock.now()
    with clock.moved_to(now):
        view = court.show(decision.id).view
    answer = {"yes": "no", "no": "yes"}[decision.proposed] if act is Act.OVERRIDE else None
    with clock.moved_to(now + timedelta(seconds=seconds)), court.work() as uow:
        review_decision(
            uow,
            court.reviewer,
            decision_id=decision.id,
            case_view_id=view.id,
            act=act,
            answer=answer,
            reason_codes=() if act is Act.CONFIRM else (ReasonCode.DATA_ERROR,),
            reason_text="The blood pressure was noted wrongly.",
        )


def test_decisions_are_counted_by_what_became_of_them(busy) -> None:
    with busy.read() as uow:
        found = oversight(uow, period=Period(project_id=busy.project.id))
    assert found.decisions == 6
    assert found.by_state[DecisionState.HELD] == 2
    assert found.by_state[DecisionState.CONFIRMED] == 2
    assert found.by_state[DecisionState.REVERSED] == 0
    assert sum(count for _day, _state, count in found.by_day) == 6
    assert {day for day, _state, _count in found.by_day} == {clock.now().date()}
    assert found.by_reason == {"data_error": 2}


def test_the_override_rate_has_its_exact_interval(busy) -> None:
    with busy.read() as uow:
        rate = oversight(uow).override_rate
    assert isinstance(rate, Estimate)
    assert (rate.value, rate.n) == (0.25, 4)
    assert rate.low < 0.01
    assert rate.high > 0.8


def test_overrides_are_held_against_what_turned_out_true(busy) -> None:
    with busy.read() as uow:
        quality = oversight(uow).override_quality
    overridden = next(e for e in busy.decisions() if e.state is DecisionState.OVERRIDDEN)
    true = next(e.answer for e in busy.patients if e.name == overridden.case_ref)
    assert quality.known == 1
    assert quality.overrides_right == int(overridden.outcome == true)
    assert quality.overrides_right + quality.model_right == 1


def test_median_time_and_overdue_cases(busy) -> None:
    with busy.read() as uow:
        assert oversight(uow).median_seconds == 60
        assert oversight(uow).overdue == 0
        with clock.moved_to(clock.now() + timedelta(days=1)):
            assert oversight(uow).overdue == 2


def test_another_project_or_time_shows_nothing_and_says_not_estimable(busy) -> None:
    for period in (
        Period(project_id=new_id()),
        Period(since=clock.now() + timedelta(hours=1)),
        Period(until=clock.now() - timedelta(days=1)),
    ):
        with busy.read() as uow:
            found = oversight(uow, period=period)
        assert found.decisions == 0
        assert isinstance(found.override_rate, NotEstimable)
        assert found.median_seconds is None


def test_a_reviewer_sees_only_their_own_acts(busy) -> None:
    other = busy.person()
    with busy.read() as uow:
        assert own_oversight(uow, reviewer_id=busy.reviewer.id).by_act[Act.CONFIRM] == 2
        assert sum(own_oversight(uow, reviewer_id=other.id).by_act.values()) == 0
