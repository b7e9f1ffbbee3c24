"""What reviews and decisions claim, so that the log's verifier can hold it against the entries."""

from collections.abc import Iterator
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from audit.actions import Action
from audit.stored_rows import NOT_READABLE, Stored, StoredTable, UnreadableRow, stored_rows
from audit.verdicts import Claim, Finding
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.effects import MADE, REVIEWED, Effect, effects_in_log, standing_of
from governance.facts import (
    decision_facts,
    decision_personal,
    review_facts,
    review_personal,
)
from governance.models import CaseView, Decision, Review

Row = TypeVar("Row", Review, CaseView, Decision)


class ReviewClaims:
    """Claim what every review row says: an edited row no longer fits its entry."""

    name = "reviews"
    actions: frozenset[Action] = REVIEWED

    def claims(self, uow: UnitOfWork) -> Iterator[Claim | Finding]:
        """Yield a claim for each review, or what keeps it from being read."""
        reviews, views = StoredTable(uow, Review), StoredTable(uow, CaseView)
        decisions = StoredTable(uow, Decision)
        # Outer joins: a review whose case or decision was deleted is still a review.
        statement = (
            sa.select(*reviews.columns(), *views.columns(), *decisions.columns())
            .select_from(Review)
            .outerjoin(CaseView, col(CaseView.id) == col(Review.case_view_id))
            .outerjoin(Decision, col(Decision.id) == col(Review.decision_id))
            .order_by(col(Review.id))
        )
        for row in stored_rows(uow, statement):
            try:
                yield _review_claim(reviews.read(row), views.read(row), decisions.read(row))
            except NOT_READABLE as error:
                yield _unreadable(reviews, row, f"the review {_name(reviews, row)}", error)


class DecisionClaims:
    """Claim what every decision row says of how it was made, and check what became of it."""

    name = "decisions"
    actions: frozenset[Action] = MADE

    def claims(self, uow: UnitOfWork) -> Iterator[Claim | Finding]:
        """Yield a claim for each decision, and a finding where its outcome is not the log's."""
        effects = effects_in_log(uow)
        decisions = StoredTable(uow, Decision)
        statement = sa.select(*decisions.columns()).order_by(col(Decision.id))
        for row in stored_rows(uow, statement):
            try:
                decision = _present(decisions.read(row), "the decision")
                yield _decision_claim(decision)
                yield from _outcome_findings(decision, effects)
            except NOT_READABLE as error:
                yield _unreadable(decisions, row, f"the decision {_name(decisions, row)}", error)


def _review_claim(review: Review | None, view: CaseView | None, decision: Decision | None) -> Claim:
    found, shown = _present(review, "the review"), _present(view, "what was shown")
    return Claim(
        entry_id=found.audit_entry_id,
        subject_type="decision",
        subject_id=found.decision_id,
        facts=review_facts(found, shown, _present(decision, "its decision")),
        personal=review_personal(found, shown),
    )


def _decision_claim(decision: Decision) -> Claim:
    return Claim(
        entry_id=decision.audit_entry_id,
        subject_type="decision",
        subject_id=decision.id,
        facts=decision_facts(decision),
        personal=decision_personal(decision),
    )


def _outcome_findings(decision: Decision, effects: dict[UUID, Effect]) -> Iterator[Finding]:
    effect = effects.get(decision.id)
    # Without an entry, or with one that cannot be read, the log's own check says so.
    if effect is None or effect.standing in (None, standing_of(decision)):
        return
    yield Finding(
        f"In the database the outcome of the decision {decision.id} is not what this entry, "
        "its last, made of it.",
        effect.leaf_index,
        effect.entry_id,
    )


def _present(row: Row | None, what: str) -> Row:
    if row is None:
        raise UnreadableRow(f"{what} was deleted")
    return row


def _name(table: StoredTable[Review] | StoredTable[Decision], row: Stored) -> object:
    return table.uuid(row, "id") or repr(table.raw(row, "id"))


def _unreadable(
    table: StoredTable[Review] | StoredTable[Decision], row: Stored, what: str, error: Exception
) -> Finding:
    reason = str(error) if isinstance(error, UnreadableRow) else "its values have another form"
    return Finding(
        f"In the database {what} cannot be compared: {reason}.",
        entry_id=table.uuid(row, "audit_entry_id"),
    )
