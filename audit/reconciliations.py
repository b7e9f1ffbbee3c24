"""Keep what a comparison of business rows with entries found: an entry of the log itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import col, select

from audit.actions import Action
from audit.models import Entry
from audit.reconciling import Reconciled
from audit.recording import record
from audit.verdicts import Finding
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = ["KindView", "LastReconciliation", "last_reconciliation", "record_reconciliation"]

# As many disagreements are named one by one; an entry holds no more than 64 KiB.
MOST_NAMED = 100
LONGEST_SENTENCE = 300


class DisagreementView(BaseModel):
    """One disagreement, and the entry that it is with, if there is one."""

    sentence: str
    leaf_index: int | None = None
    entry_id: UUID | None = None


class KindView(BaseModel):
    """One kind of rows: how many rows, how many entries, how many disagreements."""

    name: str
    rows: int
    entries: int
    findings: int


class _Facts(BaseModel):
    kinds: list[KindView]
    findings: list[DisagreementView]


@dataclass(frozen=True)
class LastReconciliation:
    """The newest comparison: by whom, when, and what it found."""

    entry_id: UUID
    reconciled_by: UUID
    reconciled_at: datetime
    kinds: Sequence[KindView]
    findings: Sequence[DisagreementView]

    @property
    def n_findings(self) -> int:
        """Return how many disagreements there were, named or not."""
        return sum(one.findings for one in self.kinds)


def record_reconciliation(uow: UnitOfWork, actor: Actor, found: Sequence[Reconciled]) -> None:
    """Record what a comparison found, kind by kind."""
    kinds = [
        KindView(name=one.name, rows=one.n_rows, entries=one.n_entries, findings=len(one.findings))
        for one in found
    ]
    named = [_told(finding) for one in found for finding in one.findings][:MOST_NAMED]
    record(
        uow,
        actor,
        Action.LOG_RECONCILED,
        subject_type="log",
        subject_id=new_id(),
        facts={
            "kinds": [one.model_dump(mode="json") for one in kinds],
            "findings": [*named],
            "n_findings": sum(one.findings for one in kinds),
        },
    )


def last_reconciliation(uow: UnitOfWork) -> LastReconciliation | None:
    """Return the newest comparison, or None where there was none."""
    newest = select(Entry).where(Entry.action == Action.LOG_RECONCILED)
    entry = uow.session.exec(newest.order_by(col(Entry.id).desc()).limit(1)).first()
    if entry is None or not entry.envelope:
        return None
    facts = _Facts.model_validate(json.loads(entry.envelope)["facts"])
    return LastReconciliation(
        entry.id, entry.actor_id, entry.recorded_at, facts.kinds, facts.findings
    )


def _told(finding: Finding) -> JsonObject:
    # What follows a colon is what the database holds, and facts can never be erased.
    sentence = finding.sentence.partition(": ")[0][:LONGEST_SENTENCE]
    return {**finding.to_json(), "sentence": sentence}
