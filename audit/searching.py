"""Read the log: search it, open one entry, hand out what proves it."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from audit.actions import Action
from audit.disclosing import disclosed_fields
from audit.merkle import EMPTY_ROOT, InclusionProof, MerkleError, verify_inclusion
from audit.models import Entry, LogHead, SignedCheckpoint, Verification
from audit.notes import Checkpoint, Note
from audit.proof_files import ProofFile
from audit.sealing import frontier_of
from audit.signing_keys import NoteError, to_base64
from audit.tiles import prove_inclusion_at
from audit.witness_policy import NO_WITNESSES, WitnessPolicy
from audit.witnessing import WitnessHealth, checkpoint_over, witness_health
from folkmoot.kernel.errors import Conflict, Gone, InvalidInput, NotFound
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class LogPosition:
    """Where the log stands: its name, its size, and its root in hexadecimal."""

    origin: str
    size: int
    root: str


@dataclass(frozen=True)
class LogHealth:
    """How the log is."""

    size: int
    unsealed: int
    oldest_unsealed: datetime | None
    checkpoint: str | None
    signed_at: datetime | None
    last_verification: Verification | None
    witnesses: Sequence[WitnessHealth] = ()
    # Of the newest checkpoint.
    checkpoint_size: int = 0


@dataclass(frozen=True)
class Search:
    """Which entries are wanted; None does not narrow it, and a collection means any of it."""

    actions: Collection[Action] | None = None
    actor_ids: Collection[UUID] | None = None
    subject_ids: Collection[UUID] | SelectOfScalar[UUID] | None = None
    project_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    only_waiting: bool = False

    def conditions(self) -> Iterator[sa.ColumnElement[bool]]:
        """Yield the conditions on entries."""
        if self.actions is not None:
            yield col(Entry.action).in_(self.actions)
        if self.actor_ids is not None:
            yield col(Entry.actor_id).in_(self.actor_ids)
        if self.subject_ids is not None:
            yield col(Entry.subject_id).in_(self.subject_ids)
        if self.project_id is not None:
            yield col(Entry.project_id) == self.project_id
        if self.since is not None:
            yield col(Entry.recorded_at) >= self.since
        if self.until is not None:
            yield col(Entry.recorded_at) < self.until
        if self.only_waiting:
            yield col(Entry.leaf_index).is_(None)


@dataclass(frozen=True)
class EntryDetail:
    """One entry: what was recorded, what of it is still disclosed, and what was erased.

    Of an entry whose time is over only the row is left: its envelope is empty.
    """

    entry: Entry
    facts: JsonObject
    disclosed: dict[str, str]
    erased: tuple[str, ...]
    commitments: dict[str, str]


def entries(
    uow: UnitOfWork,
    *,
    action: Action | None = None,
    actor_id: UUID | None = None,
    subject_id: UUID | None = None,
    project_id: UUID | None = None,
    wanted: PageRequest,
) -> Page[Entry]:
    """Return one page of the entries that match, the newest first."""
    search = Search(
        actions=None if action is None else [action],
        actor_ids=None if actor_id is None else [actor_id],
        subject_ids=None if subject_id is None else [subject_id],
        project_id=project_id,
    )
    return found_entries(uow, search, wanted=wanted)


def found_entries(uow: UnitOfWork, search: Search, *, wanted: PageRequest) -> Page[Entry]:
    """Return one page of what a search finds, the newest first."""
    statement = select(Entry).where(*search.conditions())
    return page_by_id(uow, statement, key=Entry.id, wanted=wanted, newest_first=True)


def count_entries(uow: UnitOfWork, search: Search, *, most: int) -> int:
    """Return how many entries a search finds; nothing is counted beyond `most`."""
    some = select(Entry.id).where(*search.conditions()).limit(most).subquery()
    return uow.session.exec(select(func.count()).select_from(some)).one()


def entry_before(uow: UnitOfWork, entry: Entry) -> Entry | None:
    """Return the entry of the same action on the same subject that came before, or None."""
    earlier = select(Entry).where(
        Entry.subject_type == entry.subject_type,
        Entry.subject_id == entry.subject_id,
        Entry.action == entry.action,
        col(Entry.id) < entry.id,
    )
    return uow.session.exec(earlier.order_by(col(Entry.id).desc()).limit(1)).first()


def entry_detail(uow: UnitOfWork, *, entry_id: UUID) -> EntryDetail:
    """Return one entry with its facts and what is still disclosed of it."""
    entry = uow.session.get(Entry, entry_id)
    if entry is None:
        raise NotFound("There is no entry with that id.")
    if not entry.envelope:
        return EntryDetail(entry, {}, {}, (), {})
    envelope = json.loads(entry.envelope)
    disclosed = {name: text.value for name, text in disclosed_fields(uow, entry_id).items()}
    committed = envelope["commitments"]
    erased = tuple(sorted(set(committed) - set(disclosed)))
    return EntryDetail(entry, envelope["facts"], disclosed, erased, committed)


def receipt_of(
    uow: UnitOfWork,
    *,
    entry_id: UUID,
    policy: WitnessPolicy = NO_WITNESSES,
    fields: Collection[str] | None = None,
) -> JsonObject:
    """Return what proves one entry offline: envelope, inclusion proof, signed checkpoint.

    `tlog_proof` says the same in the form of c2sp.org/tlog-proof. The checkpoint is the newest that
    has the cosignatures which the policy wants, where the entry is in one.

    `fields`: which texts to disclose, all that are left unless told. What is withheld changes
    nothing of the rest: the envelope holds a commitment to each.
    """
    detail = entry_detail(uow, entry_id=entry_id)
    if not detail.entry.envelope:
        raise Gone("The time of this entry is over, and its content was erased.")
    index = detail.entry.leaf_index
    note = None if index is None else checkpoint_over(uow, index=index, policy=policy)
    if index is None or note is None:
        raise Conflict("The entry is not sealed yet. Its receipt is ready in a moment.")
    proof = _proof_under(uow, note, index=index, leaf=detail.entry.leaf_hash)
    return {
        "envelope": detail.entry.envelope.decode(),
        "leaf_index": index,
        "inclusion": [to_base64(one) for one in proof.path],
        "checkpoint": note,
        "disclosures": _disclosures_with_salts(uow, detail, fields),
        "tlog_proof": ProofFile(index, proof.path, note).to_text(),
    }


def _proof_under(uow: UnitOfWork, note: str, *, index: int, leaf: bytes) -> InclusionProof:
    """Return a proof that holds, or refuse to hand one out."""
    try:
        signed = Checkpoint.parse(Note.parse(note).text)
        proof = prove_inclusion_at(uow, index=index, size=signed.size)
        verify_inclusion(proof, leaf=leaf, root=signed.root)
    except (NoteError, MerkleError) as error:
        raise Conflict(
            f"The log is damaged, `folkmoot audit verify` says where: {error}"
        ) from error
    return proof


def log_health(uow: UnitOfWork, *, policy: WitnessPolicy = NO_WITNESSES) -> LogHealth:
    """Return how the log is: its size, what waits to be sealed, its last check, its witnesses."""
    head = uow.session.exec(select(LogHead)).first()
    waiting = select(func.count(), func.min(col(Entry.recorded_at)))
    unsealed, oldest = uow.session.exec(waiting.where(col(Entry.leaf_index).is_(None))).one()
    latest = _latest_checkpoint(uow)
    checks = select(Verification).order_by(col(Verification.id).desc()).limit(1)
    return LogHealth(
        size=head.size if head else 0,
        unsealed=unsealed,
        oldest_unsealed=oldest,
        checkpoint=latest.note if latest else None,
        signed_at=latest.signed_at if latest else None,
        last_verification=uow.session.exec(checks).first(),
        witnesses=witness_health(uow, policy),
        checkpoint_size=latest.size if latest else 0,
    )


def oldest_waiting(uow: UnitOfWork) -> Entry | None:
    """Return the entry that has waited longest for its place in the tree, or None."""
    waiting = select(Entry).where(col(Entry.leaf_index).is_(None))
    return uow.session.exec(waiting.order_by(col(Entry.id)).limit(1)).first()


def indices_of(uow: UnitOfWork, entry_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return the places of those entries that have one."""
    rows = select(Entry.id, Entry.leaf_index).where(col(Entry.id).in_(entry_ids))
    return {one: index for one, index in uow.session.exec(rows) if index is not None}


def entry_at(uow: UnitOfWork, *, index: int) -> Entry:
    """Return the entry at a place in the tree, or raise NotFound."""
    entry = uow.session.exec(select(Entry).where(Entry.leaf_index == index)).first()
    if entry is None:
        raise NotFound("No entry has that number yet.")
    return entry


def log_head(uow: UnitOfWork) -> LogPosition:
    """Return where the log stands now."""
    head = uow.session.exec(select(LogHead)).first()
    if head is None:
        return LogPosition("", 0, EMPTY_ROOT.hex())
    return LogPosition(head.origin, head.size, frontier_of(head).root().hex())


def _latest_checkpoint(uow: UnitOfWork) -> SignedCheckpoint | None:
    statement = select(SignedCheckpoint).order_by(col(SignedCheckpoint.size).desc()).limit(1)
    return uow.session.exec(statement).first()


def _disclosures_with_salts(
    uow: UnitOfWork, detail: EntryDetail, fields: Collection[str] | None
) -> JsonObject:
    unknown = sorted(set(fields or ()) - set(detail.commitments))
    if unknown:
        raise InvalidInput(f"The entry has no personal field {unknown[0]!r}.")
    return {
        name: {"value": text.value, "salt": text.salt.hex()}
        for name, text in disclosed_fields(uow, detail.entry.id).items()
        if fields is None or name in fields
    }
