"""Whom a decision is about can be forgotten; who decided, and what, stays."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from audit.erasure import Erasure, LegalBasis, Refusal, erase
from audit.keys import LogKey
from audit.retention import apply_retention
from audit.sealing import seal_log
from audit.signing_keys import SigningKey
from audit.verdicts import ERASED
from audit.verification import verify_log
from crowd.erasing import CrowdForgets, erased_ref
from crowd.models import Task
from folkmoot.identity.erasing import AccountsForget
from folkmoot.identity.models import Account
from folkmoot.kernel import clock
from governance.claims import DecisionClaims, ReviewClaims
from governance.erasing import GovernanceForgets
from governance.models import Act, Decision, DecisionBatch, ReasonCode, Review
from governance.naming import person_of_case
from governance.policies import PolicyDraft
from governance.review import review_decision

KEY = LogKey("log.example.org", SigningKey.generate("log.example.org"))
ERASABLES = (GovernanceForgets(), CrowdForgets(), AccountsForget())


@pytest.fixture
def reviewed(court):
    """A court with two overrides, of two cases."""
    model = court.active_model()
    court.policy(PolicyDraft(hold_below=1))
    court.decide(model, court.patients[300:302])
    for decision in court.decisions():
        view = court.show(decision.id).view
        with court.work() as uow:
            review_decision(
                uow,
                court.reviewer,
                decision_id=decision.id,
                case_view_id=view.id,
                act=Act.OVERRIDE,
                answer={"yes": "no", "no": "yes"}[decision.proposed],
                reason_text="The blood pressure was noted wrongly.",
                reason_codes=[ReasonCode.DATA_ERROR],
            )
    seal(court)
    return court


def seal(court) -> None:
    with court.work() as uow:
        seal_log(uow, KEY)


def erased(court, person_id) -> Erasure:
    with court.work() as uow:
        erasure = erase(
            uow,
            court.officer,
            person_id=person_id,
            legal_basis=LegalBasis.OBJECTION,
            erasables=ERASABLES,
            forget_file=court.artifacts.forget,
        )
    seal(court)
    return erasure


def findings(court) -> tuple[object, ...]:
    with court.read() as uow:
        claims = [ReviewClaims(), DecisionClaims()]
        return verify_log(uow, verifier=KEY.verifier, claims=claims).findings


def test_an_erased_case_is_gone_everywhere_and_the_log_is_sound(reviewed) -> None:
    first, second = reviewed.decisions()
    with reviewed.read() as uow:
        # A review adds a task, from which the next version learns.
        task = uow.session.exec(select(Task).where(Task.external_id == first.case_ref)).one()
        found = person_of_case(uow, project_id=first.project_id, case_ref=first.case_ref)
    assert found == first.id

    erasure = erased(reviewed, task.id)

    # The case's name and two digests, what was shown of it twice, and the reason of the review.
    assert (erasure.n_texts, erasure.refusal) == (6, None)
    assert findings(reviewed) == ()
    with reviewed.read() as uow:
        gone = uow.session.get_one(Decision, first.id)
        assert gone.case_ref == erased_ref(first.id)
        assert (set(gone.payload.values()), gone.explanation) == ({ERASED}, [])
        assert set(uow.session.get_one(Task, task.id).payload.values()) == {ERASED}
        reasons = select(Review.reason_text).order_by(col(Review.id))
        assert uow.session.exec(reasons).all() == [ERASED, "The blood pressure was noted wrongly."]
        (batch,) = uow.session.exec(select(DecisionBatch)).all()
        assert [case["case_ref"] for case in batch.cases] == [second.case_ref]
        assert uow.session.get_one(Decision, second.id).payload == second.payload


def test_an_edit_that_reads_as_an_erasure_is_found(reviewed) -> None:
    first, second = reviewed.decisions()
    erased(reviewed, first.id)
    with reviewed.work() as uow:
        uow.session.get_one(Decision, second.id).explanation = []
    assert [one.entry_id for one in findings(reviewed)] == [second.audit_entry_id]


def test_an_erased_case_frees_no_reviewer(reviewed) -> None:
    first, _ = reviewed.decisions()
    erased(reviewed, first.id)
    with reviewed.read() as uow:
        review = uow.session.exec(select(Review).where(Review.decision_id == first.id)).one()
        assert review.reviewer_id == reviewed.reviewer.id
        assert uow.session.get_one(Account, reviewed.reviewer.id).display_name == "Reviewer"

    # No text of theirs is in the log here, for the account was made behind its back.
    erasure = erased(reviewed, reviewed.officer.id)
    assert erasure.refusal is Refusal.ACCOUNTABILITY
    with reviewed.read() as uow:
        assert uow.session.get_one(Account, reviewed.officer.id).display_name == "Officer"


def test_a_case_goes_on_its_date(reviewed) -> None:
    with clock.moved_to(clock.now() + timedelta(days=5 * 366)):
        while True:
            with reviewed.work() as uow:
                if apply_retention(uow, erasables=ERASABLES) is None:
                    break
        seal(reviewed)
        assert findings(reviewed) == ()
    assert {one.case_ref for one in reviewed.decisions()} == {
        erased_ref(one.id) for one in reviewed.decisions()
    }
