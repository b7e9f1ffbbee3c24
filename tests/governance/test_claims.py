"""Rows that were edited behind the log's back no longer fit their entries."""

from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from sqlmodel import col

from audit.keys import LogKey
from audit.models import Disclosure
from audit.sealing import seal_log
from audit.signing_keys import SigningKey
from audit.verification import Finding, verify_log
from governance.claims import DecisionClaims, ReviewClaims
from governance.models import Act, CaseView, Decision, ReasonCode, Review
from governance.policies import PolicyDraft
from governance.review import review_decision

KEY = LogKey("log.example.org", SigningKey.generate("log.example.org"))


@pytest.fixture
def reviewed(court):
    """A court with one override and one confirmation."""
    model = court.active_model()
    court.policy(PolicyDraft(hold_below=1))
    court.decide(model, court.patients[300:302])
    first, second = court.decisions()
    _review(court, first, Act.CONFIRM)
    other = {"yes": "no", "no": "yes"}[second.proposed]
    _review(court, second, Act.OVERRIDE, answer=other)
    with court.work() as uow:
        seal_log(uow, KEY)
    return court


def _review(court, decision, act, answer=None) -> None:
    view = court.show(decision.id).view
    reason = {} if act is Act.CONFIRM else {"reason_codes": [ReasonCode.DATA_ERROR]}
    with court.work() as uow:
        review_decision(
            uow,
            court.reviewer,
            decision_id=decision.id,
            case_view_id=view.id,
            act=act,
            answer=answer,
            reason_text="The blood pressure was noted wrongly.",
            **reason,
        )


def _findings(court) -> Sequence[Finding]:
    with court.read() as uow:
        verdict = verify_log(uow, verifier=KEY.verifier, claims=[ReviewClaims(), DecisionClaims()])
    assert verdict.claims == 4
    return verdict.findings


def _override(court) -> Review:
    with court.read() as uow:
        return uow.session.exec(
            sa.select(Review).where(col(Review.act) == Act.OVERRIDE)
        ).scalar_one()


def test_untouched_rows_fit_their_entries(reviewed) -> None:
    assert _findings(reviewed) == ()


@pytest.mark.parametrize(
    "edit",
    [
        {"reason_text": "Nothing to see here."},
        {"after": "no", "before": "no"},
        {"reason_codes": ["policy_exception"]},
        {"seconds": 1.0},
    ],
)
def test_an_edited_review_names_its_entry(reviewed, edit) -> None:
    review = _override(reviewed)
    with reviewed.work() as uow:
        uow.session.exec(sa.update(Review).where(col(Review.id) == review.id).values(**edit))
    (finding,) = _findings(reviewed)
    assert finding.entry_id == review.audit_entry_id


def test_an_edited_view_names_the_review_that_rests_on_it(reviewed) -> None:
    review = _override(reviewed)
    with reviewed.work() as uow:
        uow.session.exec(
            sa.update(CaseView)
            .where(col(CaseView.id) == review.case_view_id)
            .values(shown_digest="0" * 64)
        )
    (finding,) = _findings(reviewed)
    assert finding.entry_id == review.audit_entry_id


@pytest.mark.parametrize(
    "edit", [{"probability": 0.99}, {"payload": {"age": 1}}, {"hold_reason": ""}, {"case_ref": "x"}]
)
def test_an_edited_decision_names_its_entry(reviewed, edit) -> None:
    decision = reviewed.decisions()[0]
    with reviewed.work() as uow:
        uow.session.exec(sa.update(Decision).where(col(Decision.id) == decision.id).values(**edit))
    (finding,) = _findings(reviewed)
    assert finding.entry_id == decision.audit_entry_id


def test_a_reason_that_only_reads_as_erased_is_found(reviewed) -> None:
    review = _override(reviewed)
    with reviewed.work() as uow:
        uow.session.exec(
            sa.delete(Disclosure).where(col(Disclosure.entry_id) == review.audit_entry_id)
        )
        uow.session.exec(
            sa.update(Review).where(col(Review.id) == review.id).values(reason_text="(erased)")
        )
    assert {finding.entry_id for finding in _findings(reviewed)} == {review.audit_entry_id}
