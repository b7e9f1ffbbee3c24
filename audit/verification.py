"""Check the whole log: against itself, its signed checkpoints, and the business rows.

Whoever can change the database may have damaged anything in it. So rows are read as they are
stored (`audit.stored_rows`), and whatever cannot be read is a finding.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from audit.actions import Action
from audit.claim_check import ClaimCheck
from audit.entry_check import EntryCheck, leaf_of
from audit.models import ActorCounter, Entry, Verification
from audit.recording import record
from audit.signing_keys import VerifierKey
from audit.stored_rows import Stored, StoredTable, stored_rows, uuid_of
from audit.stored_texts import Coverage
from audit.tile_check import tile_findings
from audit.tree_check import TreeCheck
from audit.verdicts import ERASED, Claim, ClaimSource, Finding, Verdict
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = [
    "ERASED",
    "Claim",
    "ClaimSource",
    "Finding",
    "Verdict",
    "record_verification",
    "verify_log",
]

BATCH = 500


def verify_log(
    uow: UnitOfWork,
    *,
    verifier: str,
    claims: Sequence[ClaimSource] = (),
    kept: Sequence[str] = (),
) -> Verdict:
    """Check the log in one pass, and then the business rows and the entries against each other.

    `kept` are signed notes of checkpoints that lie outside the database: the log must still have
    those sizes and roots. Without any, a log that was cut short cleanly at an earlier checkpoint
    cannot be told from one that never was longer.
    """
    check = _LogCheck(uow, VerifierKey.parse(verifier), kept)
    found = check.attempt("what was erased", check.coverage.check())
    found += check.attempt("the tree", check.sealed())
    found += check.attempt("the entries that wait to be sealed", check.waiting())
    found += check.attempt("the tiles", tile_findings(uow))
    found += check.attempt("the counters of the actors", check.actor_counters())
    rows = ClaimCheck(uow, check.coverage)
    for source in claims:
        found += check.attempt(f"the {source.name}", rows.findings(source))
    return Verdict(
        size=check.n_sealed,
        unsealed=check.n_unsealed,
        checkpoints=check.n_checkpoints,
        claims=rows.n_claims,
        findings=tuple(found),
        unread=check.one.n_unread,
    )


def record_verification(uow: UnitOfWork, actor: Actor, verdict: Verdict) -> Verification:
    """Keep a verdict, so that the officer's page can say when the log was last checked."""
    verification = Verification(
        size=verdict.size,
        findings=[finding.to_json() for finding in verdict.findings],
        verified_by=actor.id,
        verified_at=clock.now(),
    )
    uow.session.add(verification)
    record(
        uow,
        actor,
        Action.LOG_VERIFIED,
        subject_type="log",
        subject_id=verification.id,
        facts={"size": verdict.size, "findings": len(verdict.findings)},
    )
    return verification


class _LogCheck:
    """One check of the log's own tables."""

    def __init__(self, uow: UnitOfWork, verifier: VerifierKey, kept: Sequence[str]) -> None:
        self.uow = uow
        self.verifier = verifier
        self.kept = kept
        self.one = EntryCheck(uow)
        self.coverage = Coverage(uow)
        self.n_sealed = self.n_unsealed = self.n_checkpoints = 0

    @staticmethod
    def attempt(what: str, findings: Iterable[Finding]) -> list[Finding]:
        """Gather findings, and one more where the database cannot even hand out the rows."""
        found: list[Finding] = []
        try:
            found.extend(findings)
        except SQLAlchemyError as error:
            found.append(Finding(f"The database cannot hand out {what}: {error}"))
        return found

    def sealed(self) -> Iterator[Finding]:
        """Check every sealed entry in its order, and the tree at every checkpoint."""
        tree = TreeCheck(self.uow, self.verifier, self.kept)
        self.n_checkpoints = tree.n_checkpoints
        yield from tree.early
        for row, texts, erased in self._entries(col(Entry.leaf_index).is_not(None)):
            self.n_sealed += 1
            index = self.one.entries.raw(row, "leaf_index")
            is_expired = self.coverage.is_expired(index)
            yield from self.one.findings(row, texts, erased, is_expired=is_expired)
            leaf = leaf_of(self.one.entries.raw(row, "leaf_hash"))
            for sentence in tree.grow(index, leaf):
                yield self.one.finding(sentence, row)
        yield from tree.finish()

    def waiting(self) -> Iterator[Finding]:
        """Check every entry that has no place in the tree yet."""
        for row, texts, erased in self._entries(col(Entry.leaf_index).is_(None)):
            self.n_unsealed += 1
            yield from self.one.findings(row, texts, erased)

    def actor_counters(self) -> Iterator[Finding]:
        """Check that every actor's entries are numbered without a gap."""
        counted = self._counted()
        actor = self.one.entries.column("actor_id")
        highest = sa.func.max(self.one.entries.column("actor_sequence"))
        statement = sa.select(actor, sa.func.count(), highest).group_by(actor)
        for actor_id, count, last in self.uow.session.execute(statement):
            counter = counted.pop(actor_id, None)
            if counter is None or not count == last == counter:
                yield Finding(
                    f"Entries of the actor {_named(actor_id)} are missing: {count} are left."
                )
        for actor_id in counted:
            yield Finding(f"All entries of the actor {_named(actor_id)} are missing.")

    def _counted(self) -> dict[object, object]:
        table = StoredTable(self.uow, ActorCounter)
        rows = stored_rows(self.uow, sa.select(*table.columns()))
        return {table.raw(row, "actor_id"): table.raw(row, "last_sequence") for row in rows}

    def _entries(
        self, wanted: sa.ColumnElement[bool]
    ) -> Iterator[tuple[Stored, Sequence[Stored], Collection[str]]]:
        """Yield entries in their order, each with its texts and which of them were erased."""
        statement = sa.select(*self.one.entries.columns()).where(wanted)
        rows = stored_rows(self.uow, statement.order_by(col(Entry.leaf_index), col(Entry.id)))
        for some in iter(partial(_some, rows), []):
            ids = [self.one.entries.uuid(row, "id") for row in some]
            known = [one for one in ids if one is not None]
            texts, erased = self.one.texts.of(known), self.coverage.of(known)
            for row, entry_id in zip(some, ids, strict=True):
                yield (
                    row,
                    *(
                        (texts.get(entry_id, []), erased.get(entry_id, set()))
                        if entry_id
                        else ([], ())
                    ),
                )


def _some(rows: Iterator[Stored]) -> list[Stored]:
    return list(islice(rows, BATCH))


def _named(actor_id: object) -> object:
    return uuid_of(actor_id) or repr(actor_id)
