"""The four acts: what each needs, what it leaves behind, and what it may not do."""

import json
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlmodel import col, select

from audit.actions import Action
from audit.disclosing import disclosed_fields
from audit.models import Entry
from crowd.models import Label, Origin, Task
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict, DomainError, InvalidInput, NotFound
from folkmoot.kernel.ids import new_id
from governance.models import Act, DecisionState, ReasonCode, Review
from governance.policies import PolicyDraft
from governance.review import acting, review_decision, reviews_of

ACTS = (
    Action.REVIEW_CONFIRMED,
    Action.REVIEW_OVERRIDDEN,
    Action.REVIEW_DISREGARDED,
    Action.REVIEW_REVERSED,
)
REASON = {
    "reason_codes": (ReasonCode.NEW_EVIDENCE,),
    "reason_text": "The laboratory has sent a corrected value.",
}


@pytest.fixture
def bench(court):
    """A court with three held decisions; a reason needs 20 characters."""
    model = court.active_model()
    court.policy(PolicyDraft(hold_below=1, shortest_reason=20))
    court.decide(model, court.patients[300:303])
    return court


def _act(court, act, decision=None, *, by=None, view=None, **given: object) -> Review:
    decision = decision or court.decisions()[0]
    by = by or court.reviewer
    view = view or court.show(decision.id, by).view
    with court.work() as uow:
        return review_decision(
            uow, by, decision_id=decision.id, case_view_id=view.id, act=act, **given
        )


def _other(decision) -> str:
    return {"yes": "no", "no": "yes"}[decision.proposed]


def _expert_labels(court) -> list[tuple[str, object]]:
    with court.read() as uow:
        rows = uow.session.exec(
            select(Task.external_id, Label)
            .join(Label, col(Label.task_id) == col(Task.id))
            .where(col(Label.origin) == Origin.REVIEW, col(Label.is_current))
        ).all()
    return [(name, label.answer) for name, label in rows]


def _facts(court, entry: Entry) -> dict:
    return json.loads(entry.envelope)["facts"]


def test_confirming_settles_with_the_proposal_and_joins_the_labels(bench) -> None:
    review = _act(bench, Act.CONFIRM)
    decision = bench.decisions()[0]
    assert decision.state is DecisionState.CONFIRMED
    assert decision.outcome == review.after == review.before == decision.proposed
    assert decision.settled_at == review.decided_at
    assert _expert_labels(bench) == [(decision.case_ref, decision.proposed)]


def test_overriding_settles_with_the_reviewers_answer_and_joins_the_labels(bench) -> None:
    decision = bench.decisions()[0]
    review = _act(bench, Act.OVERRIDE, answer=_other(decision), **REASON)
    settled = bench.decisions()[0]
    assert settled.state is DecisionState.OVERRIDDEN
    assert (review.before, review.after) == (decision.proposed, _other(decision))
    assert settled.outcome == _other(decision)
    assert _expert_labels(bench) == [(decision.case_ref, _other(decision))]


def test_disregarding_sets_aside_without_an_answer_or_a_label(bench) -> None:
    review = _act(bench, Act.DISREGARD, **REASON)
    decision = bench.decisions()[0]
    assert decision.state is DecisionState.DISREGARDED
    assert decision.outcome is review.after is None
    assert not _expert_labels(bench)


def test_an_executed_outcome_can_be_reversed_and_the_first_review_stays(bench) -> None:
    decision = bench.decisions()[0]
    _act(bench, Act.CONFIRM)
    second = bench.person()
    _act(bench, Act.REVERSE, by=second, answer=_other(decision), **REASON)
    with bench.read() as uow:
        first, last = reviews_of(uow, decision.id)
    assert (first.act, last.act) == (Act.CONFIRM, Act.REVERSE)
    assert (last.before, last.after) == (decision.proposed, _other(decision))
    assert bench.decisions()[0].state is DecisionState.REVERSED


def test_a_released_decision_can_be_reversed(court) -> None:
    model = court.active_model()
    court.policy(PolicyDraft(hold_below=0.01))
    court.decide(model, court.patients[300:301])
    (decision,) = court.decisions()
    assert decision.state is DecisionState.RELEASED
    _act(court, Act.REVERSE, answer=_other(decision), **REASON)
    assert court.decisions()[0].outcome == _other(decision)


def test_every_act_leaves_exactly_one_entry_that_says_it_all(bench) -> None:
    decision = bench.decisions()[0]
    with clock.moved_to(clock.now()):
        view = bench.show(decision.id).view
        with clock.moved_to(clock.now() + timedelta(seconds=90)):
            review = _act(bench, Act.OVERRIDE, view=view, answer=_other(decision), **REASON)
    (entry,) = bench.entries(*ACTS)
    assert entry.id == review.audit_entry_id
    assert entry.action is Action.REVIEW_OVERRIDDEN
    assert (entry.actor_id, entry.subject_id) == (bench.reviewer.id, decision.id)
    facts = _facts(bench, entry)
    assert (facts["act"], facts["before"], facts["after"]) == (
        "override",
        decision.proposed,
        _other(decision),
    )
    assert facts["seconds"] == 90
    with bench.read() as uow:
        assert disclosed_fields(uow, entry.id)["shown_digest"].value == view.shown_digest
    assert facts["reason_codes"] == ["new_evidence"]
    assert facts["model_version"] == str(decision.model_version_id)


def test_the_reason_text_is_disclosed_but_not_in_the_leaf(bench) -> None:
    _act(bench, Act.DISREGARD, **REASON)
    (entry,) = bench.entries(*ACTS)
    assert REASON["reason_text"].encode() not in entry.envelope
    with bench.read() as uow:
        found = disclosed_fields(uow, entry.id)
    assert found.keys() == {"reason_text", "shown_digest"}
    assert found["reason_text"].value == REASON["reason_text"]


def test_if_the_entry_cannot_be_written_nothing_changes(bench, monkeypatch) -> None:
    decision = bench.decisions()[0]
    view = bench.show(decision.id).view

    def refuse(*_given: object, **_named: object) -> None:
        raise RuntimeError("the log is not writable")

    monkeypatch.setattr(acting, "record", refuse)
    with pytest.raises(RuntimeError):
        _act(bench, Act.OVERRIDE, view=view, answer=_other(decision), **REASON)
    unchanged = bench.decisions()[0]
    assert unchanged.state is DecisionState.HELD
    assert unchanged.outcome is None
    assert not _expert_labels(bench)
    with bench.read() as uow:
        assert not reviews_of(uow, decision.id)


@pytest.mark.parametrize(
    ("act", "given", "sentence"),
    [
        (Act.OVERRIDE, {"answer": "same", **REASON}, "That is a confirmation"),
        (Act.OVERRIDE, {"answer": "perhaps", **REASON}, "must be one of: yes, no"),
        (Act.OVERRIDE, {**REASON}, "Say which answer is right"),
        (Act.CONFIRM, {"answer": "other"}, "is no confirmation"),
        (Act.DISREGARD, {"answer": "other", **REASON}, "gets no answer"),
        (Act.DISREGARD, {**REASON, "reason_text": "Too short."}, "at least 20 characters"),
        (Act.DISREGARD, {**REASON, "reason_text": " " * 30}, "at least 20 characters"),
        (Act.DISREGARD, {**REASON, "reason_codes": ()}, "at least one reason code"),
        (Act.DISREGARD, {**REASON, "reason_text": "x" * 5001}, "at most 5000 characters"),
        (Act.DISREGARD, {**REASON, "reason_text": "x" * 30 + "\x00"}, "null character"),
    ],
)
def test_an_act_that_breaks_a_rule_is_refused_and_stores_nothing(
    bench, act, given, sentence
) -> None:
    decision = bench.decisions()[0]
    words = {"same": decision.proposed, "other": _other(decision)}
    if "answer" in given:
        given = {**given, "answer": words.get(given["answer"], given["answer"])}
    with pytest.raises(InvalidInput, match=sentence) as refused:
        _act(bench, act, decision, **given)
    assert refused.value.fields
    assert bench.decisions()[0].state is DecisionState.HELD
    assert not bench.entries(*ACTS)


def test_confirming_needs_no_reason_but_may_have_one(bench) -> None:
    review = _act(bench, Act.CONFIRM, reason_text="  Agrees with the ward's own notes. ")
    assert review.reason_text == "Agrees with the ward's own notes."


def test_a_held_decision_cannot_be_reversed_and_a_disregarded_one_neither(bench) -> None:
    decision = bench.decisions()[0]
    with pytest.raises(Conflict, match="taken effect"):
        _act(bench, Act.REVERSE, answer=_other(decision), **REASON)
    _act(bench, Act.DISREGARD, **REASON)
    with pytest.raises(Conflict, match="taken effect"):
        _act(bench, Act.REVERSE, answer=_other(decision), **REASON)


def test_a_settled_decision_is_not_settled_again(bench) -> None:
    decision = bench.decisions()[0]
    other = bench.person()
    with clock.moved_to(clock.now()):
        late = bench.show(decision.id).view
    with clock.moved_to(clock.now() + timedelta(minutes=11)):
        _act(bench, Act.CONFIRM, by=other)
        with pytest.raises(Conflict, match="already settled: it was confirmed"):
            _act(bench, Act.OVERRIDE, view=late, answer=_other(decision), **REASON)


def test_a_view_counts_for_one_act_by_the_one_who_saw_it(bench) -> None:
    decision, another, _ = bench.decisions()
    view = bench.show(decision.id).view
    with pytest.raises(NotFound, match="not shown to you"):
        _act(bench, Act.CONFIRM, another, view=view)
    with pytest.raises(NotFound, match="not shown to you"):
        _act(bench, Act.CONFIRM, decision, by=bench.person(), view=view)
    _act(bench, Act.CONFIRM, decision, view=view)
    with pytest.raises(Conflict, match="open it again"):
        _act(bench, Act.REVERSE, decision, view=view, answer=_other(decision), **REASON)


def test_another_reviewers_claim_is_respected(bench) -> None:
    decision = bench.decisions()[0]
    mine = bench.show(decision.id).view
    with clock.moved_to(clock.now() + timedelta(minutes=11)):
        bench.show(decision.id, bench.person())
        with pytest.raises(Conflict, match="Another reviewer has this case"):
            _act(bench, Act.CONFIRM, decision, view=mine)


def test_two_reviewers_racing_for_a_case_leave_one_review(bench) -> None:
    """Both have seen it, neither holds a claim any more, both act at the same moment."""
    decision = bench.decisions()[0]
    racers, outcomes = [bench.person(), bench.person()], []
    views = {}
    for hour, racer in enumerate(racers):
        with clock.moved_to(clock.now() - timedelta(hours=5 - hour)):
            views[racer.id] = bench.show(decision.id, racer).view
    start = Barrier(2)

    def race(racer) -> None:
        start.wait()
        try:
            _act(bench, Act.CONFIRM, decision, by=racer, view=views[racer.id])
            outcomes.append("settled")
        except DomainError as refusal:
            outcomes.append(type(refusal).__name__)

    threads = [Thread(target=race, args=(racer,)) for racer in racers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["Conflict", "settled"]
    assert len(bench.entries(*ACTS)) == 1
    with bench.read() as uow:
        assert len(reviews_of(uow, decision.id)) == 1


def test_an_unknown_decision_is_not_found(bench) -> None:
    with pytest.raises(NotFound), bench.work() as uow:
        review_decision(
            uow, bench.reviewer, decision_id=new_id(), case_view_id=new_id(), act=Act.CONFIRM
        )
