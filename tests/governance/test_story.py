"""The whole circle on real patients, through every service, from labels to a second version."""

from random import Random

import pytest

from audit.actions import Action
from audit.keys import LogKey
from audit.sealing import seal_log
from audit.signing_keys import SigningKey
from audit.verification import verify_log
from crowd.consensus_runs import load_consensus_problem, request_consensus, solve, store_consensus
from crowd.data_sets import load_data_set_rows, request_data_set, store_data_set, write_files
from crowd.models import DataSet
from governance.claims import DecisionClaims, ReviewClaims
from governance.models import Act, DecisionState, ReasonCode, VersionState
from governance.registry import versions_of
from governance.review import claim_next, review_decision

KEY = LogKey("log.example.org", SigningKey.generate("log.example.org"))


def _export(court) -> DataSet:
    with court.work() as uow:
        run = request_consensus(uow, court.team, project_id=court.project.id, method="majority")
    with court.read() as uow:
        problem = load_consensus_problem(uow, run_id=run.id)
    solution = solve(problem)
    with court.work() as uow:
        store_consensus(uow, problem, solution)
    with court.work() as uow:
        data_set = request_data_set(uow, court.team, project_id=court.project.id)
    with court.read() as uow:
        rows = load_data_set_rows(uow, data_set_id=data_set.id)
    with court.work() as uow:
        store_data_set(uow, court.artifacts, rows=rows, files=write_files(rows))
    return data_set


def _work_through_the_queue(court) -> dict[Act, int]:
    """Confirm what is right, override what is wrong, and set the first aside."""
    truth = {each.name: each.answer for each in court.patients}
    counts = dict.fromkeys(Act, 0)
    while True:
        with court.work() as uow:
            decision = claim_next(uow, court.reviewer)
        if decision is None:
            return counts
        answer = truth[decision.case_ref]
        act = Act.CONFIRM if answer == decision.proposed else Act.OVERRIDE
        if not any(counts.values()):
            act = Act.DISREGARD
        view = court.show(decision.id).view
        with court.work() as uow:
            review_decision(
                uow,
                court.reviewer,
                decision_id=decision.id,
                case_view_id=view.id,
                act=act,
                answer=answer if act is Act.OVERRIDE else None,
                reason_codes=() if act is Act.CONFIRM else (ReasonCode.NEW_EVIDENCE,),
                reason_text="" if act is Act.CONFIRM else "Seen again after six months.",
            )
        counts[act] += 1


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_from_labels_to_a_second_version_that_learned_from_its_reviews(court) -> None:
    dice = Random(1)  # a simulation
    other = {"yes": "no", "no": "yes"}
    careful = [
        lambda patient: patient.answer if dice.random() < 0.85 else other[patient.answer]
    ] * 3
    court.policy()
    court.outcomes()
    court.crowd_labels(court.patients[:300], careful)
    model = court.model()
    court.promote(court.train(court.request(model, _export(court))))
    batch = court.decide(model, court.patients[300:])
    assert batch.held + batch.released == 142
    counts = _work_through_the_queue(court)
    assert counts[Act.DISREGARD] == 1
    assert counts[Act.CONFIRM] + counts[Act.OVERRIDE] == batch.held - 1
    assert {each.state for each in court.decisions()}.isdisjoint({DecisionState.HELD})

    second = court.train(court.request(model, _export(court)))
    assert second.metrics["training"]["review"] == batch.held - 1
    assert second.gate["passed"], second.gate["clauses"]
    court.promote(second)
    with court.read() as uow:
        states = [each.state for each in versions_of(uow, model.id)]
    assert states == [VersionState.ACTIVE, VersionState.RETIRED]

    with court.work() as uow:
        seal_log(uow, KEY, batch=10_000)
    with court.read() as uow:
        claims = [ReviewClaims(), DecisionClaims()]
        verdict = verify_log(uow, verifier=KEY.verifier, claims=claims)
    assert verdict.findings == ()
    assert verdict.claims == 142 + batch.held
    assert len(court.entries(Action.REVIEW_OVERRIDDEN)) == counts[Act.OVERRIDE]
