"""Erase what has reached its date: first the texts of an entry, later what the entry said.

Of an entry whose time is over, the leaf's hash and index stay, and so every proof and count. The
entry of the retention says which: a missing envelope that no such entry covers is a finding.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from audit.actions import Action
from audit.erasing import Erasable, Text, mark_erased, remove_texts, texts
from audit.legal_holds import Held, held_now, keep_holds
from audit.models import Disclosure, Entry, RecordClass, SubjectKey
from audit.recording import record
from audit.retention_rules import actions_of, periods_of
from audit.tables import DISCLOSURE, ENTRY
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = ["Due", "apply_retention", "due_now"]

AT_ONCE = 500


@dataclass(frozen=True)
class Due:
    """How much of a class has reached its date: texts, and entries with what they say."""

    record_class: RecordClass
    n_texts: int
    n_entries: int


def due_now(uow: UnitOfWork, *, erasables: Sequence[Erasable] = ()) -> list[Due]:
    """Return what the next run would erase, by class; nothing is changed."""
    held = held_now(uow, erasables)
    found = []
    for record_class, (text_cutoff, entry_cutoff) in _cutoffs(uow).items():
        overdue = _texts_before(record_class, text_cutoff, held).subquery()
        expired = _entries_before(record_class, entry_cutoff, held).subquery()
        counts = [
            int(uow.connection.execute(sa.select(sa.func.count()).select_from(one)).scalar_one())
            for one in (overdue, expired)
        ]
        found.append(Due(record_class, *counts))
    return found


def apply_retention(
    uow: UnitOfWork, *, erasables: Sequence[Erasable], at_once: int = AT_ONCE
) -> Due | None:
    """Erase one batch of what is due and record it; return the batch, or None where nothing is."""
    keep_holds(uow)
    held = held_now(uow, erasables)
    for record_class, (text_cutoff, entry_cutoff) in _cutoffs(uow).items():
        overdue = _texts_before(record_class, text_cutoff, held).limit(at_once)
        due = [Text(**row._mapping) for row in uow.connection.execute(overdue)]
        if due:
            return _erase_texts(uow, erasables, record_class, due)
        expired = _entries_before(record_class, entry_cutoff, held).limit(at_once)
        ids = uow.connection.execute(expired).scalars().all()
        if ids:
            entries = uow.session.exec(select(Entry).where(col(Entry.id).in_(ids))).all()
            return _expire(uow, erasables, record_class, entries)
    return None


def _cutoffs(uow: UnitOfWork) -> dict[RecordClass, tuple[datetime, datetime]]:
    """Return before when the texts of a class, and its entries, were recorded that are due."""
    now = clock.now()
    return {
        record_class: (
            now - timedelta(days=periods.text_days),
            now - timedelta(days=periods.entry_days),
        )
        for record_class, periods in periods_of(uow).items()
    }


def _texts_before(
    record_class: RecordClass, cutoff: datetime, held: Held
) -> sa.Select[tuple[object, ...]]:
    return texts().where(*_due(record_class, cutoff, held))


def _entries_before(
    record_class: RecordClass, cutoff: datetime, held: Held
) -> sa.Select[tuple[object, ...]]:
    return (
        sa.select(ENTRY.c.id)
        .where(*_due(record_class, cutoff, held), ENTRY.c.envelope != b"")
        .order_by(ENTRY.c.leaf_index)
    )


def _due(record_class: RecordClass, cutoff: datetime, held: Held) -> list[sa.ColumnElement[bool]]:
    """Return what makes an entry due: its class, its date, that it is sealed and not held."""
    theirs = sa.select(DISCLOSURE.c.entry_id).where(DISCLOSURE.c.person_id.in_(held.people))
    conditions = [
        # Whose text it is, whom it is about, and who wrote it: a hold covers all three.
        ENTRY.c.subject_id.not_in(held.people),
        ENTRY.c.actor_id.not_in(held.people),
        ENTRY.c.id.not_in(theirs),
        ENTRY.c.action.in_(actions_of(record_class)),
        ENTRY.c.recorded_at < cutoff,
        ENTRY.c.leaf_index.is_not(None),
        sa.or_(ENTRY.c.project_id.is_(None), ENTRY.c.project_id.not_in(held.projects)),
    ]
    if held.everything:
        conditions.append(sa.false())
    if record_class is RecordClass.ACCOUNTS:
        # The time of an account begins when it is closed.
        closed = ENTRY.alias("closed")
        conditions.append(
            ENTRY.c.subject_id.in_(
                sa.select(closed.c.subject_id).where(
                    closed.c.action == Action.ACCOUNT_DEACTIVATED, closed.c.recorded_at < cutoff
                )
            )
        )
    return conditions


def _erase_texts(
    uow: UnitOfWork, erasables: Sequence[Erasable], record_class: RecordClass, due: Sequence[Text]
) -> Due:
    ids = {one.entry_id for one in due}
    entries = uow.session.exec(select(Entry).where(col(Entry.id).in_(ids))).all()
    facts = _forget(uow, erasables, entries, due)
    _record(uow, record_class, due, facts)
    return Due(record_class, len(due), 0)


def _expire(
    uow: UnitOfWork,
    erasables: Sequence[Erasable],
    record_class: RecordClass,
    entries: Sequence[Entry],
) -> Due:
    ids = [one.id for one in entries]
    left = texts().where(DISCLOSURE.c.entry_id.in_(ids))
    due = [Text(**row._mapping) for row in uow.connection.execute(left)]
    facts = _forget(uow, erasables, entries, due)
    uow.session.exec(sa.update(Entry).where(col(Entry.id).in_(ids)).values(envelope=b""))
    indices = sorted(one.leaf_index for one in entries if one.leaf_index is not None)
    ranges: list[Json] = [[first, last] for first, last in _ranges(indices)]
    _record(uow, record_class, due, {**facts, "n_entries": len(ids), "expired": ranges})
    return Due(record_class, len(due), len(ids))


def _forget(
    uow: UnitOfWork, erasables: Sequence[Erasable], entries: Sequence[Entry], due: Sequence[Text]
) -> JsonObject:
    facts = remove_texts(uow, due)
    people = {one.person_id for one in due}
    still = sa.select(col(Disclosure.person_id)).where(col(Disclosure.person_id).in_(people))
    uow.session.exec(
        sa.delete(SubjectKey).where(
            col(SubjectKey.person_id).in_(people), col(SubjectKey.person_id).not_in(still)
        )
    )
    rows: JsonObject = {}
    for erasable in erasables:
        rows |= {name: count for name, count in erasable.expire(uow, entries).items() if count}
    return {**facts, "rows": rows}


def _record(
    uow: UnitOfWork, record_class: RecordClass, due: Sequence[Text], facts: JsonObject
) -> None:
    entry = record(
        uow,
        PLATFORM,
        Action.RETENTION_APPLIED,
        subject_type="retention",
        subject_id=new_id(),
        facts={"class": record_class.value, **facts},
    )
    mark_erased(uow, due, erasure_id=entry.id)


def _ranges(indices: Iterable[int]) -> list[tuple[int, int]]:
    """Return runs of indices that follow each other, as their first and last."""
    runs: list[tuple[int, int]] = []
    for index in indices:
        if runs and runs[-1][1] == index - 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return runs
