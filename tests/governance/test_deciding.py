"""From submitted cases to decisions that are released or held."""

import pytest
from pydantic import ValidationError
from sqlmodel import col, select

from audit.actions import Action
from folkmoot.kernel.errors import Conflict, InvalidInput, NotFound, TooLarge
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.outbox import Job, JobName, WorkState
from folkmoot.kernel.pagination import PageRequest
from governance.deciding import decide, load_batch, store_decisions
from governance.decisions import CaseDraft, batch_by_id, decision_by_id, decisions, submit_cases
from governance.models import DecisionState
from governance.policies import PolicyDraft


def _case(name: str, **payload: float) -> CaseDraft:
    return CaseDraft(case_ref=name, payload=payload or {"age": 50.0})


def test_every_submitted_case_is_released_or_held_with_its_entry(court) -> None:
    model = court.active_model()
    batch = court.decide(model, court.patients[300:])
    assert batch.state is WorkState.FINISHED
    assert batch.released + batch.held == 142
    assert min(batch.released, batch.held) > 20
    found = court.decisions()
    held = {each.id for each in found if each.state is DecisionState.HELD}
    assert {each.subject_id for each in court.entries(Action.DECISION_HELD)} == held
    assert len(court.entries(Action.DECISION_RELEASED)) == batch.released
    assert len(court.entries(Action.DECISIONS_REQUESTED)) == 1


def test_a_held_case_says_why_and_a_released_one_has_an_outcome(court) -> None:
    model = court.active_model()
    court.decide(model, court.patients[300:])
    for each in court.decisions():
        sure = each.probability >= 0.75
        if each.state is DecisionState.RELEASED:
            assert sure
            assert not each.is_high_stakes
            assert each.outcome == each.proposed
            assert each.due_at is None
        else:
            assert each.outcome is None
            assert each.due_at > each.created_at
            assert ("the policy asks a person" in each.hold_reason) is not sure
            assert ("High stakes: age is at least 75." in each.hold_reason) is each.is_high_stakes


def test_a_case_that_lacks_a_feature_is_held(court) -> None:
    model = court.active_model()
    (whole,) = (each for each in court.patients if each.name == "patient-300")
    with court.work() as uow:
        batch = submit_cases(
            uow,
            court.team,
            model_id=model.id,
            cases=[CaseDraft(case_ref="half", payload={**whole.payload, "bmi": None})],
        )
    with court.read() as uow:
        problem = load_batch(uow, court.artifacts, batch_id=batch.id)
    (proposal,) = decide(problem)
    assert proposal.hold_reason.startswith("The case has no number in the field 'bmi'.")


def test_without_a_policy_nothing_is_released(court) -> None:
    court.outcomes()
    model = court.model()
    court.promote(court.train(court.request(model, court.data_set(court.patients[:300]))))
    batch = court.decide(model, court.patients[300:320])
    assert (batch.released, batch.held) == (0, 20)


def test_the_policy_in_force_decides_and_is_named(court) -> None:
    model = court.active_model()
    court.policy(PolicyDraft(hold_below=0.99))
    batch = court.decide(model, court.patients[300:330])
    assert batch.released < 3
    assert {each.policy_version for each in court.decisions()} == {2}


def test_the_explanation_names_what_drove_the_decision(court) -> None:
    court.decide(court.active_model(), court.patients[300:301])
    (decision,) = court.decisions()
    assert {row["feature"] for row in decision.explanation} == set(decision.payload)
    weights = [abs(row["weight"]) for row in decision.explanation]
    assert weights == sorted(weights, reverse=True)


def test_a_case_that_was_decided_before_keeps_its_decision(court) -> None:
    model = court.active_model()
    court.decide(model, court.patients[300:310])
    batch = court.decide(model, court.patients[305:315])
    assert (batch.known, batch.released + batch.held) == (5, 5)
    assert len(court.decisions()) == 15


def test_a_job_that_runs_twice_decides_once(court) -> None:
    model = court.active_model()
    with court.work() as uow:
        case = CaseDraft(case_ref="one", payload=dict(court.patients[300].payload))
        batch = submit_cases(uow, court.team, model_id=model.id, cases=[case])
    with court.read() as uow:
        problem = load_batch(uow, court.artifacts, batch_id=batch.id)
    for _ in range(2):
        with court.work() as uow:
            stored = store_decisions(uow, problem=problem, proposals=decide(problem))
    assert (stored.released + stored.held, stored.known) == (1, 0)
    assert len(court.entries(Action.DECISION_HELD, Action.DECISION_RELEASED)) == 1


def test_submitting_asks_for_a_job(court) -> None:
    model = court.active_model()
    with court.work() as uow:
        batch = submit_cases(uow, court.team, model_id=model.id, cases=[_case("a"), _case("b")])
    with court.read() as uow:
        jobs = uow.session.exec(select(Job).where(col(Job.name) == JobName.DECIDE_CASES)).all()
        assert [job.subject_id for job in jobs] == [batch.id]
        assert len(batch_by_id(uow, batch.id).cases) == 2


def test_a_model_without_an_active_version_decides_nothing(court) -> None:
    model = court.model()
    with pytest.raises(Conflict, match="promote one first"), court.work() as uow:
        submit_cases(uow, court.team, model_id=model.id, cases=[_case("a")])


@pytest.mark.parametrize(
    ("cases", "error"),
    [
        ([], InvalidInput),
        ([_case("a"), _case("b"), _case("a")], InvalidInput),
        ([_case(str(number)) for number in range(1001)], TooLarge),
    ],
)
def test_none_twice_or_too_many_are_refused_whole(court, cases, error) -> None:
    model = court.active_model()
    with pytest.raises(error), court.work() as uow:
        submit_cases(uow, court.team, model_id=model.id, cases=cases)
    assert not court.entries(Action.DECISIONS_REQUESTED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"case_ref": "", "payload": {"age": 1}},
        {"case_ref": "  ", "payload": {"age": 1}},
        {"case_ref": "a\x00b", "payload": {"age": 1}},
        {"case_ref": "a", "payload": {}},
        {"case_ref": "a", "payload": {"age": [1]}},
        {"case_ref": "a", "payload": {"age": float("nan")}},
        {"case_ref": "a", "payload": {"age": 1}, "more": 1},
    ],
)
def test_a_malformed_case_is_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        CaseDraft.model_validate(wrong)


def test_decisions_are_listed_by_state_and_page(court) -> None:
    model = court.active_model()
    court.decide(model, court.patients[300:320])
    held = [each.id for each in court.decisions() if each.state is DecisionState.HELD]
    with court.read() as uow:
        first = decisions(
            uow, wanted=PageRequest(limit=2), project_id=model.project_id, state=DecisionState.HELD
        )
        rest = decisions(
            uow, wanted=PageRequest(cursor=first.next_cursor), state=DecisionState.HELD
        )
    assert [each.id for each in (*first.items, *rest.items)] == held[::-1]


def test_unknown_batches_and_decisions_are_not_found(court) -> None:
    with court.read() as uow:
        with pytest.raises(NotFound):
            batch_by_id(uow, new_id())
        with pytest.raises(NotFound):
            decision_by_id(uow, new_id())
