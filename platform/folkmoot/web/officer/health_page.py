"""The log's health: its size, what waits, its witnesses, and what the last checks found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from audit.actions import Action
from audit.models import Verification
from audit.notes import Checkpoint, Note
from audit.reconciliations import KindView, last_reconciliation
from audit.searching import LogHealth, oldest_waiting
from audit.signing_keys import NoteError
from audit.witness_policy import WitnessPolicy
from audit.witnessing import WitnessHealth, cosigned_checkpoint, labels_at
from folkmoot.identity.naming import names_of
from folkmoot.kernel import clock
from folkmoot.kernel.outbox import Job, JobName, newest_job
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.officer.findings import WrongEntry, wrong_entries
from folkmoot.web.officer.telling import EntryLine, lines_of

# An entry is in the tree within a second; one that waits longer than this shows that nothing seals.
LATE_SECONDS = 60


@dataclass(frozen=True)
class CheckView:
    """One check that ran: how far, by whom, when, and what it found."""

    size: int | None
    by: str
    at: datetime
    findings: Sequence[WrongEntry]
    n_findings: int
    url: str
    kinds: Sequence[KindView] = ()


@dataclass(frozen=True)
class HealthPage:
    """Everything on the page."""

    size: int
    newest_url: str | None
    checkpoint: str | None
    checkpoint_size: int
    signed_at: datetime | None
    unsealed: int
    oldest_seconds: float | None
    oldest: EntryLine | None
    is_late: bool
    witnesses: Sequence[WitnessHealth]
    needs_witnesses: bool
    is_quorate: bool
    quorate_size: int | None
    verification: CheckView | None
    reconciliation: CheckView | None
    jobs: Mapping[str, Job | None]
    verifier: str


def health_page_of(
    uow: UnitOfWork, health: LogHealth, *, policy: WitnessPolicy, verifier: str
) -> HealthPage:
    """Read what the page shows."""
    oldest = oldest_waiting(uow)
    noted = cosigned_checkpoint(uow, policy=policy)
    waits = _seconds_since(oldest.recorded_at) if oldest else None
    return HealthPage(
        size=health.size,
        newest_url=url_for("officer.entry_at_index", index=health.size - 1)
        if health.size
        else None,
        checkpoint=noted,
        checkpoint_size=health.checkpoint_size,
        signed_at=health.signed_at,
        unsealed=health.unsealed,
        oldest_seconds=waits,
        oldest=lines_of(uow, [oldest])[0] if oldest else None,
        is_late=waits is not None and waits > LATE_SECONDS,
        witnesses=health.witnesses,
        needs_witnesses=policy.needs_witnesses,
        is_quorate=policy.is_met_by(labels_at(uow, size=health.checkpoint_size)),
        quorate_size=_size(noted) if noted else None,
        verification=_verification(uow, health.last_verification),
        reconciliation=_reconciliation(uow),
        jobs={
            "verify": newest_job(uow, JobName.VERIFY_LOG),
            "reconcile": newest_job(uow, JobName.RECONCILE_LOG),
        },
        verifier=verifier,
    )


def _verification(uow: UnitOfWork, check: Verification | None) -> CheckView | None:
    if check is None:
        return None
    return CheckView(
        size=check.size,
        by=names_of(uow, [check.verified_by])[check.verified_by],
        at=check.verified_at,
        findings=wrong_entries(check.findings),
        n_findings=len(check.findings),
        url=url_for("officer.log", action=Action.LOG_VERIFIED.value),
    )


def _reconciliation(uow: UnitOfWork) -> CheckView | None:
    found = last_reconciliation(uow)
    if found is None:
        return None
    return CheckView(
        size=None,
        by=names_of(uow, [found.reconciled_by])[found.reconciled_by],
        at=found.reconciled_at,
        findings=wrong_entries(one.model_dump(mode="json") for one in found.findings),
        n_findings=found.n_findings,
        url=url_for("officer.entry", entry_id=found.entry_id),
        kinds=found.kinds,
    )


def _size(note: str) -> int | None:
    try:
        return Checkpoint.parse(Note.parse(note).text).size
    except NoteError:
        return None  # damaged; the check of the log says so


def _seconds_since(moment: datetime) -> float:
    return max(0.0, (clock.now() - moment).total_seconds())
