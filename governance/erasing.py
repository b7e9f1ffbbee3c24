"""How decisions forget a person: what was decided stays, and about whom does not."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from audit.actions import Action
from audit.erasing import Traces
from audit.models import Entry
from audit.verdicts import ERASED
from crowd.erasing import erased_ref
from crowd.models import Task
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.models import CaseView, Decision, DecisionBatch, Review

__all__ = ["GovernanceForgets"]


class GovernanceForgets:
    """Forget the people whom decisions are about; never those who decided."""

    tables: frozenset[str] = frozenset({"case_view", "decision", "decision_batch", "review"})

    def traces(self, uow: UnitOfWork, people: frozenset[UUID]) -> Traces:
        """Return every decision and task about the same case, by the submitter's name for it."""
        cases = {
            *uow.session.exec(
                select(Decision.project_id, Decision.case_ref).where(col(Decision.id).in_(people))
            ),
            *uow.session.exec(
                select(Task.project_id, Task.external_id).where(col(Task.id).in_(people))
            ),
        }
        found: set[UUID] = set()
        for project_id, case_ref in cases:
            decisions = select(Decision.id).where(
                Decision.project_id == project_id, Decision.case_ref == case_ref
            )
            tasks = select(Task.id).where(
                Task.project_id == project_id, Task.external_id == case_ref
            )
            found |= {*uow.session.exec(decisions), *uow.session.exec(tasks)}
        return Traces(frozenset(found), frozenset(project_id for project_id, _ in cases))

    def erase(
        self, uow: UnitOfWork, _actor: Actor, people: frozenset[UUID], *, keeps_identity: bool
    ) -> Mapping[str, int]:
        """Erase cases, and the reasons that speak of them."""
        del keeps_identity  # a reviewer's name is the account's
        return {
            **_erase_decisions(uow, people),
            **_erase_reasons(uow, col(Review.decision_id).in_(people)),
            **_erase_views(uow, col(CaseView.decision_id).in_(people)),
        }

    def expire(self, uow: UnitOfWork, entries: Sequence[Entry]) -> Mapping[str, int]:
        """Erase the cases and reasons that these entries recorded."""
        entry_ids = [one.id for one in entries]
        of_entries = select(Decision.id).where(col(Decision.audit_entry_id).in_(entry_ids))
        reviewed = select(Review.case_view_id).where(col(Review.audit_entry_id).in_(entry_ids))
        return {
            **_erase_decisions(uow, frozenset(uow.session.exec(of_entries))),
            **_erase_reasons(uow, col(Review.audit_entry_id).in_(entry_ids)),
            **_erase_views(uow, col(CaseView.id).in_(reviewed) | _seen_only(entries)),
        }


def _seen_only(entries: Sequence[Entry]) -> sa.ColumnElement[bool]:
    """Say which views these entries recorded that led to no review."""
    decisions = [one.subject_id for one in entries if one.action is Action.CASE_SHOWN]
    acted_on = select(Review.case_view_id)
    return col(CaseView.decision_id).in_(decisions) & col(CaseView.id).not_in(acted_on)


def _erase_views(uow: UnitOfWork, which: sa.ColumnElement[bool]) -> dict[str, int]:
    there = sa.and_(which, col(CaseView.shown_digest) != ERASED)
    erased = sa.update(CaseView).where(there).values(shown_digest=ERASED)
    return {"case_view.shown_digest": uow.session.exec(erased).rowcount}


def _erase_decisions(uow: UnitOfWork, decision_ids: frozenset[UUID]) -> dict[str, int]:
    known = uow.session.exec(select(Decision).where(col(Decision.id).in_(decision_ids)))
    decisions = [one for one in known if one.case_ref != erased_ref(one.id)]
    n_submitted = sum(_erase_submitted(uow, decision) for decision in decisions)
    for decision in decisions:
        decision.case_ref = erased_ref(decision.id)
        decision.payload = dict.fromkeys(decision.payload, ERASED)
        decision.explanation = []  # it quotes the case
    return {"decision.payload": len(decisions), "decision_batch.cases": n_submitted}


def _erase_submitted(uow: UnitOfWork, decision: Decision) -> int:
    """Drop a case from what was submitted; return from how many batches."""
    submitted = select(DecisionBatch).where(DecisionBatch.project_id == decision.project_id)
    n_batches = 0
    for batch in uow.session.exec(submitted):
        left: list[Json] = [
            case
            for case in batch.cases
            if not (isinstance(case, dict) and case.get("case_ref") == decision.case_ref)
        ]
        if len(left) < len(batch.cases):
            batch.cases = left
            n_batches += 1
    return n_batches


def _erase_reasons(uow: UnitOfWork, which: sa.ColumnElement[bool]) -> dict[str, int]:
    there = sa.and_(which, col(Review.reason_text) != ERASED)
    erased = sa.update(Review).where(there).values(reason_text=ERASED)
    return {"review.reason_text": uow.session.exec(erased).rowcount}
