"""Check the whole log: against itself, its signed checkpoints, and the business rows."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlmodel import col, func, select

from audit import commitments
from audit.actions import Action
from audit.canonical import canonical_bytes
from audit.merkle import Frontier, leaf_hash
from audit.models import ActorCounter, Disclosure, Entry, LogHead, SignedCheckpoint, Verification
from audit.notes import open_checkpoint
from audit.recording import envelope_of, record
from audit.signing_keys import NoteError, VerifierKey
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

BATCH = 1000
# What stands in a business row where a personal text was erased on both sides.
ERASED = "(erased)"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and the entry that it is wrong with, if there is one."""

    sentence: str
    leaf_index: int | None = None
    entry_id: UUID | None = None

    def to_json(self) -> JsonObject:
        """Return the finding as plain JSON."""
        entry_id = str(self.entry_id) if self.entry_id else None
        return {"sentence": self.sentence, "leaf_index": self.leaf_index, "entry_id": entry_id}


@dataclass(frozen=True)
class Verdict:
    """What a check of the log found: how far it went, and everything that is wrong."""

    size: int
    unsealed: int
    checkpoints: int
    claims: int
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.findings


@dataclass(frozen=True)
class Claim:
    """What a business row says, which its entry must say too."""

    entry_id: UUID
    subject_type: str
    subject_id: UUID
    facts: JsonObject
    personal: Mapping[str, str]


class ClaimSource(Protocol):
    """A kind of business row whose every member has an entry."""

    def claims(self, uow: UnitOfWork) -> Iterator[Claim]:
        """Return what each row claims."""


def verify_log(uow: UnitOfWork, *, verifier: str, claims: Sequence[ClaimSource] = ()) -> Verdict:
    """Check the log in one pass, and then each business row against its entry."""
    check = _LogCheck(uow, VerifierKey.parse(verifier))
    check.walk()
    check.compare_actor_counters()
    for source in claims:
        for claim in source.claims(uow):
            check.compare_claim(claim)
    return Verdict(
        size=check.frontier.size,
        unsealed=check.unsealed,
        checkpoints=check.n_checkpoints,
        claims=check.n_claims,
        findings=tuple(check.findings),
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
    """One pass over the log; what is wrong gathers in `findings`."""

    def __init__(self, uow: UnitOfWork, verifier: VerifierKey) -> None:
        self.uow = uow
        self.verifier = verifier
        self.findings: list[Finding] = []
        self.frontier = Frontier()
        self.n_claims = 0
        head = uow.session.exec(select(LogHead)).first()
        self.head_size = head.size if head else 0
        notes = uow.session.exec(select(SignedCheckpoint)).all()
        self.notes = {one.size: one.note for one in notes}
        self.n_checkpoints = len(self.notes)
        statement = select(func.count()).where(col(Entry.leaf_index).is_(None))
        self.unsealed = uow.session.exec(statement).one()

    def walk(self) -> None:
        """Check every sealed entry in its order, and the tree at every checkpoint."""
        for entries in self._batches():
            disclosures = self._disclosures_of(entries)
            for entry in entries:
                self._check_place(entry)
                self._check_entry(entry, disclosures.get(entry.id, []))
                self.frontier = self.frontier.extend([leaf_hash(entry.envelope)])
                self._check_checkpoint(entry)
        self._check_ends()

    def _batches(self) -> Iterator[Sequence[Entry]]:
        last = -1
        while True:
            statement = select(Entry).where(col(Entry.leaf_index) > last)
            ordered = statement.order_by(col(Entry.leaf_index)).limit(BATCH)
            entries = self.uow.session.exec(ordered).all()
            if not entries:
                return
            yield entries
            last = entries[-1].leaf_index or 0

    def _disclosures_of(self, entries: Sequence[Entry]) -> dict[UUID, list[Disclosure]]:
        ids = [entry.id for entry in entries]
        found = self.uow.session.exec(select(Disclosure).where(col(Disclosure.entry_id).in_(ids)))
        grouped: dict[UUID, list[Disclosure]] = {}
        for disclosure in found:
            grouped.setdefault(disclosure.entry_id, []).append(disclosure)
        return grouped

    def _check_place(self, entry: Entry) -> None:
        if entry.leaf_index != self.frontier.size:
            self._find(
                f"Entry {self.frontier.size} is missing: the next one is {entry.leaf_index}.", entry
            )

    def _check_entry(self, entry: Entry, disclosures: Sequence[Disclosure]) -> None:
        if leaf_hash(entry.envelope) != entry.leaf_hash:
            self._find("The entry was changed after it was recorded.", entry)
        try:
            envelope = json.loads(entry.envelope)
            facts, committed = envelope["facts"], envelope["commitments"]
            stated = canonical_bytes(envelope_of(entry, facts=facts, committed=committed))
        except (ValueError, KeyError, TypeError):
            self._find("The entry cannot be read.", entry)
            return
        if stated != entry.envelope:
            self._find("The entry's columns do not say what was recorded.", entry)
        for disclosure in disclosures:
            self._check_disclosure(entry, disclosure, committed)

    def _check_disclosure(
        self, entry: Entry, disclosure: Disclosure, committed: Mapping[str, str]
    ) -> None:
        try:
            commitments.verify(
                committed.get(disclosure.field, ""), value=disclosure.value, salt=disclosure.salt
            )
        except ValueError:
            self._find(f"The entry's field {disclosure.field!r} is not what was recorded.", entry)

    def _check_checkpoint(self, entry: Entry) -> None:
        note = self.notes.pop(self.frontier.size, None)
        if note is None:
            return
        try:
            signed = open_checkpoint(note, [self.verifier], origin=self.verifier.name)
        except NoteError as error:
            self._find(f"The checkpoint at size {self.frontier.size} is not ours: {error}", None)
            return
        if signed.size != self.frontier.size or signed.root != self.frontier.root():
            self._find(
                f"Up to this entry, the log is not what was signed at size {signed.size}.", entry
            )

    def _check_ends(self) -> None:
        if self.frontier.size != self.head_size:
            self._find(
                f"The log has {self.frontier.size} entries, its head {self.head_size}.", None
            )
        for size in sorted(self.notes):
            self._find(f"A checkpoint was signed at size {size}, which the log has not.", None)

    def compare_actor_counters(self) -> None:
        """Check that every actor's entries are numbered without a gap."""
        counted = {one.actor_id: one for one in self.uow.session.exec(select(ActorCounter))}
        statement = select(
            col(Entry.actor_id), func.count(), func.max(col(Entry.actor_sequence))
        ).group_by(col(Entry.actor_id))
        for actor_id, count, highest in self.uow.session.exec(statement):
            counter = counted.pop(actor_id, None)
            if counter is None or not count == highest == counter.last_sequence:
                self._find(f"Entries of the actor {actor_id} are missing: {count} are left.", None)
        for actor_id in counted:
            self._find(f"All entries of the actor {actor_id} are missing.", None)

    def compare_claim(self, claim: Claim) -> None:
        """Check that a business row says what its entry says."""
        self.n_claims += 1
        what = f"the {claim.subject_type} {claim.subject_id}"
        entry = self.uow.session.get(Entry, claim.entry_id)
        if entry is None:
            self._find(f"There is no entry for {what}.", None)
            return
        envelope = json.loads(entry.envelope)
        if envelope["subject"]["id"] != str(claim.subject_id) or envelope["facts"] != claim.facts:
            self._find(f"In the database {what} was changed after it was recorded.", entry)
        disclosures = self._disclosures_of([entry]).get(entry.id, [])
        disclosed = {one.field: one.value for one in disclosures}
        for field, value in claim.personal.items():
            if disclosed.get(field, ERASED) != value:
                self._find(
                    f"In the database the {field} of {what} was changed after it was recorded.",
                    entry,
                )

    def _find(self, sentence: str, entry: Entry | None) -> None:
        if entry is None:
            self.findings.append(Finding(sentence))
        else:
            self.findings.append(Finding(sentence, entry.leaf_index, entry.id))
