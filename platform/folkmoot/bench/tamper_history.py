"""Honest histories to tamper with: reviewers act on decisions, the log is sealed and witnessed."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from sqlalchemy.engine import Engine
from sqlmodel import select

from audit.cosigning import CosignatureKind, CosigningKey
from audit.erasure import LegalBasis, erase
from audit.keys import LogKey
from audit.notes import Note
from audit.promises import promise_of
from audit.retention import apply_retention
from audit.sealing import newest_signed, seal_log
from audit.signing_keys import VerifierKey
from audit.tile_publishing import publish_log
from audit.tiles import prove_consistency_at
from audit.witness import Witness
from audit.witness_messages import AddCheckpoint
from audit.witness_store import WitnessStore
from audit.witnessing import cosigned_checkpoint, keep_cosignature
from folkmoot.bootstrap import ERASABLES
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM, Actor
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import reading, unit_of_work
from governance.models import (
    Act,
    Decision,
    DecisionState,
    ReasonCode,
)
from governance.review import review_decision, show_case

ACTS = (Act.CONFIRM, Act.OVERRIDE, Act.OVERRIDE, Act.DISREGARD)
OTHER = {"yes": "no", "no": "yes"}
YEARS = 20 * 366


@dataclass
class People:
    """Who acts, and where."""

    project_id: UUID
    version_id: UUID
    reviewers: Sequence[Actor]


@dataclass
class LogWitness:
    """An honest witness in this process: it cosigns only what grew from what it saw last."""

    key: CosigningKey
    log: VerifierKey
    store: WitnessStore
    seen: int = 0

    def copied(self, folder: Path) -> "LogWitness":
        """Return a witness that remembers the same, and goes on by itself."""
        path = _new_store(folder)
        shutil.copyfile(self.store.path, path)
        return replace(self, store=WitnessStore(path))

    def cosign(self, engine: Engine, log_key: LogKey) -> None:
        """Ask it to cosign the newest checkpoint; raise Refusal where the log did not just grow."""
        with reading(engine) as uow:
            newest = newest_signed(uow, log_key)
            note = cosigned_checkpoint(uow, size=newest.size) if newest else None
            if newest is None or note is None or newest.size == self.seen:
                return
            proof = prove_consistency_at(uow, old_size=self.seen, new_size=newest.size)
        signed = Note.parse(note)
        own = Note(signed.text, signed.signatures[:1]).to_text()
        witness = Witness(keys=[self.key], logs=[self.log], store=self.store, now=_seconds)
        line = witness.add_checkpoint(AddCheckpoint(self.seen, proof.path, own).to_bytes())
        (signature,) = Note.parse(f"{signed.text}\n{line}").signatures
        with unit_of_work(engine) as uow:
            keep_cosignature(uow, size=newest.size, key=self.key.public, signature=signature)
        self.seen = newest.size


@dataclass
class History:
    """A log in a database of its own, and all that is needed to go on with it."""

    engine: Engine
    folder: Path
    people: People
    log_key: LogKey
    random: Random
    witnesses: list[LogWitness] = field(default_factory=list)

    def act(self, act: Act | None = None) -> tuple[UUID, str]:
        """Let a reviewer act on a held decision; return the entry's id and the promise."""
        reviewer = self.random.choice(self.people.reviewers)
        act = act or self.random.choice(ACTS)
        with reading(self.engine) as uow:
            held = uow.session.exec(
                select(Decision.id, Decision.proposed).where(Decision.state == DecisionState.HELD)
            ).all()
        decision_id, proposed = self.random.choice(held)
        with unit_of_work(self.engine) as uow:
            view = show_case(uow, reviewer, decision_id=decision_id).view
        with unit_of_work(self.engine) as uow:
            review = review_decision(
                uow,
                reviewer,
                decision_id=decision_id,
                case_view_id=view.id,
                act=act,
                answer=OTHER[str(proposed)] if act is Act.OVERRIDE else None,
                reason_codes=() if act is Act.CONFIRM else (ReasonCode.NEW_EVIDENCE,),
                reason_text=f"Seen again: {self.random.random()}.",
            )
            entry_id = review.audit_entry_id
            promise = promise_of(uow, self.log_key, entry_id=entry_id)
        return entry_id, promise.promise

    def act_often(self, times: int) -> None:
        """Let reviewers act, and seal now and then."""
        for _ in range(times):
            self.act()
            if self.random.random() < 0.3:
                self.seal()

    def seal(self) -> None:
        """Seal all that waits."""
        with unit_of_work(self.engine) as uow:
            seal_log(uow, self.log_key)

    def witnessed(self) -> str:
        """Seal, let every witness cosign, and return the checkpoint that the auditor keeps."""
        self.seal()
        for one in self.witnesses:
            one.cosign(self.engine, self.log_key)
        with reading(self.engine) as uow:
            return cosigned_checkpoint(uow) or ""

    def erase_somebody(self) -> None:
        """Erase one of those who were decided about."""
        with reading(self.engine) as uow:
            ids = uow.session.exec(select(Decision.id)).all()
        with unit_of_work(self.engine) as uow:
            erase(
                uow,
                PLATFORM,
                person_id=self.random.choice(ids),
                legal_basis=LegalBasis.CONSENT_WITHDRAWN,
                erasables=ERASABLES,
                forget_file=lambda _digest: None,
            )

    def let_time_pass(self) -> None:
        """Let all that was recorded until now reach its date, and go."""
        with clock.moved_to(clock.now() + timedelta(days=YEARS)):
            while True:
                with unit_of_work(self.engine) as uow:
                    if apply_retention(uow, erasables=ERASABLES) is None:
                        break

    def mirror(self, folder: Path) -> None:
        """Copy the hashes of all leaves, as a monitor of the log would."""
        with reading(self.engine) as uow:
            publish_log(uow, folder=folder)

    def with_witnesses(self, count: int) -> None:
        """Let so many new witnesses watch the log from here on."""
        log = self.log_key.key.verifier
        for number in range(count):
            kind = list(CosignatureKind)[number % 2]
            key = CosigningKey.generate(f"witness-{number}.example", kind)
            store = WitnessStore(_new_store(self.folder))
            self.witnesses.append(LogWitness(key, log, store))


def _new_store(folder: Path) -> Path:
    return folder / f"witness-{new_id()}.sqlite"


def _seconds() -> int:
    return int(clock.now().timestamp())
