"""Forget a person: their texts, salts and key in the log, and the same texts in business rows.

What was recorded stays proven: the leaves hold commitments, which say nothing without their salts.
A refusal is recorded as well, and why; neither entry says who it was about.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlmodel import col, select

from audit.actions import Action
from audit.disclosing import disclose, disclosed_fields
from audit.erasing import (
    Erasable,
    Text,
    Traces,
    gather,
    mark_erased,
    remove_texts,
    texts_of_people,
)
from audit.erasure_requests import forget_requests
from audit.forgotten_files import forget_files
from audit.legal_holds import hold_of
from audit.models import Entry
from audit.recording import record
from audit.retention_rules import ACCOUNTABLE, text_minimum_ends
from audit.subject_keys import shred_keys
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import InvalidInput
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = ["Erasure", "LegalBasis", "Refusal", "erase"]

# What says who somebody is, and stays where they answer for what they decided.
IDENTIFYING = frozenset({Action.ACCOUNT_CREATED, Action.ACCOUNT_LINKED})
# As many digests as an entry has room for.
MOST_FILES = 400
NOTHING_LEFT = "Nothing of this person is left."
STAYS_NAMED = (
    "Who decided over others stays named as long as those decisions are kept; all else is gone."
)


class LegalBasis(StrEnum):
    """Why a person is erased: GDPR, Article 17(1), or another reason."""

    NO_LONGER_NEEDED = "no_longer_needed"
    """Art. 17(1)(a): what it was kept for is over."""
    CONSENT_WITHDRAWN = "consent_withdrawn"
    """Art. 17(1)(b): the person withdrew their consent."""
    OBJECTION = "objection"
    """Art. 17(1)(c): the person objected, and no stronger ground stands against it."""
    UNLAWFUL = "unlawful"
    """Art. 17(1)(d): it should not have been kept."""
    LEGAL_OBLIGATION = "legal_obligation"
    """Art. 17(1)(e): a law demands it."""
    CHILD = "child"
    """Art. 17(1)(f): a child's data from an online service."""
    OTHER_LAW = "other_law"
    """A law other than the GDPR."""


class Refusal(StrEnum):
    """Why an erasure was refused, or a part of it."""

    LEGAL_HOLD = "legal_hold"
    """A legal hold stands: GDPR, Art. 17(3)(e)."""
    RETENTION_MINIMUM = "retention_minimum"
    """A law asks to keep these texts for a time that is not over: Art. 17(3)(b)."""
    ACCOUNTABILITY = "accountability"
    """The person decided over others; who they were stays: Art. 17(3)(b) and (e)."""


@dataclass(frozen=True)
class Erasure:
    """What came of it: the entries that tell, how much went, and what was refused."""

    entry_id: UUID | None
    n_texts: int
    rows: Mapping[str, int]
    files: tuple[str, ...]
    refusal: Refusal | None
    sentence: str


def erase(
    uow: UnitOfWork,
    actor: Actor,
    *,
    person_id: UUID,
    legal_basis: LegalBasis,
    erasables: Sequence[Erasable],
    forget_file: Callable[[str], None],
) -> Erasure:
    """Erase a person, or record why not.

    `person_id`: an account, or a decision or a task that is about the person.
    `forget_file` deletes a stored file by its digest, once the transaction has committed; what
    that does not reach, the sweep does.
    """
    traces = gather(uow, erasables, person_id)
    texts = texts_of_people(uow, traces.people)
    traces |= Traces(frozenset(), frozenset(one.project_id for one in texts if one.project_id))
    refused = _refusal(uow, actor, traces, texts, legal_basis)
    if refused is not None:
        return refused
    is_accountable = _is_accountable(uow, traces)
    kept = _answered_for(texts, traces) if is_accountable else []
    stays = frozenset(kept)
    erasure = _Erasing(uow, traces, [one for one in texts if one not in stays], kept)
    rows = erasure.run(actor, erasables, keeps_identity=is_accountable)
    if not erasure.texts and not rows and not is_accountable:
        raise InvalidInput("Nothing is kept of this person, or it was erased before.")
    if traces.files:
        forget_files(uow, traces.files, forget_file=forget_file)
    facts: JsonObject = {"legal_basis": legal_basis.value, "rows": {**rows}}
    done = bool(erasure.texts or rows)
    entry_id = _record_erasure(uow, actor, erasure, facts) if done else None
    if is_accountable:
        refused_id = _record_refusal(uow, actor, Refusal.ACCOUNTABILITY, legal_basis, len(kept))
        entry_id = entry_id or refused_id
    return Erasure(
        entry_id,
        len(erasure.texts),
        rows,
        tuple(sorted(traces.files)),
        Refusal.ACCOUNTABILITY if is_accountable else None,
        STAYS_NAMED if is_accountable else NOTHING_LEFT,
    )


class _Erasing:
    """One erasure that is allowed, step by step."""

    def __init__(
        self, uow: UnitOfWork, traces: Traces, texts: Sequence[Text], kept: Sequence[Text]
    ) -> None:
        self.uow = uow
        self.traces = traces
        self.texts = texts
        self.kept = kept
        self.facts: JsonObject = {}
        self.n_keys = 0

    def run(
        self, actor: Actor, erasables: Sequence[Erasable], *, keeps_identity: bool
    ) -> dict[str, int]:
        """Delete keys, texts and business texts; return the counts of the last."""
        resealed = {one: disclosed_fields(self.uow, one.entry_id)[one.field] for one in self.kept}
        # Keys first: whoever seals a text for this person at this moment is waited for.
        self.n_keys = shred_keys(self.uow, self.traces.people)
        late = set(texts_of_people(self.uow, self.traces.people)) - {*self.texts, *self.kept}
        self.texts = [*self.texts, *late]
        self.facts = remove_texts(self.uow, self.texts)
        if resealed:
            remove_texts(self.uow, self.kept)
        for one, text in resealed.items():
            # What stays gets a new key: with the old one, backups could still be read.
            disclose(
                self.uow,
                entry_id=one.entry_id,
                person_id=one.person_id,
                texts={one.field: text},
            )
        rows: dict[str, int] = {}
        for erasable in erasables:
            erased = erasable.erase(
                self.uow, actor, self.traces.people, keeps_identity=keeps_identity
            )
            rows |= {name: count for name, count in erased.items() if count}
        forget_requests(self.uow, self.traces.people)
        return rows


def _refusal(
    uow: UnitOfWork, actor: Actor, traces: Traces, texts: Sequence[Text], basis: LegalBasis
) -> Erasure | None:
    if hold_of(uow, traces) is not None:
        why, sentence = Refusal.LEGAL_HOLD, "A legal hold stands; release it first."
    elif (until := text_minimum_ends(uow, texts)) > clock.now():
        why = Refusal.RETENTION_MINIMUM
        sentence = f"A law asks to keep some of these texts until {until.date().isoformat()}."
    else:
        return None
    entry_id = _record_refusal(uow, actor, why, basis, len(texts))
    return Erasure(entry_id, 0, {}, (), why, f"{sentence} Nothing was erased.")


def _is_accountable(uow: UnitOfWork, traces: Traces) -> bool:
    """Say whether a person decided over others, in entries whose time is not over."""
    statement = select(Entry.id).where(
        col(Entry.actor_id).in_(traces.people),
        col(Entry.action).in_(ACCOUNTABLE),
        Entry.envelope != b"",
    )
    return uow.session.exec(statement.limit(1)).first() is not None


def _answered_for(texts: Sequence[Text], traces: Traces) -> list[Text]:
    """Return what says who somebody is, and the reasons that they gave for deciding over others."""
    return [
        one
        for one in texts
        if one.action in IDENTIFYING
        or (one.action in ACCOUNTABLE and one.actor_id in traces.people)
    ]


def _record_erasure(
    uow: UnitOfWork,
    actor: Actor,
    erasing: _Erasing,
    facts: JsonObject,
) -> UUID:
    files = sorted(erasing.traces.files)
    listed: list[Json] = list(files[:MOST_FILES])
    entry = record(
        uow,
        actor,
        Action.PERSON_ERASED,
        subject_type="erasure",
        # Nobody's id: who was erased is not to be told by what tells of it.
        subject_id=new_id(),
        facts={
            **facts,
            **erasing.facts,
            "n_keys": erasing.n_keys,
            "n_files": len(files),
            "files": listed,
        },
    )
    mark_erased(uow, erasing.texts, erasure_id=entry.id)
    return entry.id


def _record_refusal(
    uow: UnitOfWork, actor: Actor, why: Refusal, basis: LegalBasis, n_texts: int
) -> UUID:
    entry = record(
        uow,
        actor,
        Action.ERASURE_REFUSED,
        subject_type="erasure",
        subject_id=new_id(),
        facts={"refusal": why.value, "legal_basis": basis.value, "n_texts": n_texts},
    )
    return entry.id
