"""What a reviewer is shown, and the proof of it."""

from datetime import timedelta

import pytest

from audit.actions import Action
from audit.canonical import digest
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict
from governance.models import Act
from governance.policies import PolicyDraft
from governance.review import review_decision


@pytest.fixture
def bench(court):
    model = court.active_model()
    court.policy(PolicyDraft(hold_below=1))
    court.decide(model, court.patients[300:302])
    return court


def test_the_digest_is_of_exactly_what_is_shown(bench) -> None:
    decision = bench.decisions()[0]
    case = bench.show(decision.id)
    assert case.digest == case.view.shown_digest == digest(case.shown)
    assert case.shown["payload"] == decision.payload
    assert case.shown["proposed"] == decision.proposed
    assert case.shown["hold_reason"] == "The policy sends every case to a person."


def test_certainty_is_put_in_words_from_the_held_out_cases(bench) -> None:
    for decision in bench.decisions():
        assert "held-out case" in bench.show(decision.id).shown["likeness"]


def test_being_shown_a_case_is_recorded_once_while_it_stays_open(bench) -> None:
    decision = bench.decisions()[0]
    first, again = bench.show(decision.id), bench.show(decision.id)
    assert first.view.id == again.view.id
    (entry,) = bench.entries(Action.CASE_SHOWN)
    assert (entry.actor_id, entry.subject_id) == (bench.reviewer.id, decision.id)


def test_looking_again_later_is_another_view(bench) -> None:
    decision = bench.decisions()[0]
    first = bench.show(decision.id)
    with clock.moved_to(clock.now() + timedelta(minutes=11)):
        assert bench.show(decision.id).view.id != first.view.id
    assert len(bench.entries(Action.CASE_SHOWN)) == 2


def test_looking_again_after_acting_is_another_view(bench) -> None:
    decision = bench.decisions()[0]
    first = bench.show(decision.id)
    with bench.work() as uow:
        review_decision(
            uow,
            bench.reviewer,
            decision_id=decision.id,
            case_view_id=first.view.id,
            act=Act.CONFIRM,
        )
    assert bench.show(decision.id).view.id != first.view.id


def test_showing_claims_the_case(bench) -> None:
    decision = bench.decisions()[0]
    bench.show(decision.id)
    with pytest.raises(Conflict, match="Another reviewer"):
        bench.show(decision.id, bench.person())
