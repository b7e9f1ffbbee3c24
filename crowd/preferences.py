"""What an annotator opted in to; a change holds from the next task on, and takes back the rest."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from audit.actions import Action
from audit.recording import record
from crowd.leasing import release_leases
from crowd.models import AnnotatorPreferences, ContentFlag, LeaseState
from crowd.tables import LEASE, PREFERENCES, PROJECT, insert_unless_there
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork


def set_preferences(
    uow: UnitOfWork, actor: Actor, *, accepted_flags: Iterable[ContentFlag]
) -> AnnotatorPreferences:
    """Opt in to these kinds of content and out of all others.

    Opting out works at once: tasks in hand that may show such content are given back.
    """
    connection = uow.session.connection()
    wanted = _in_order(accepted_flags)
    before = _locked_flags(connection, actor.id)
    if before != wanted:
        now = clock.now()
        connection.execute(
            sa.update(PREFERENCES)
            .where(PREFERENCES.c.annotator_id == actor.id)
            .values(accepted_flags=wanted, changed_at=now)
        )
        refused = _held_with(connection, actor.id, set(before) - set(wanted))
        release_leases(uow, annotator_id=actor.id, lease_ids=refused)
        _record(uow, actor, before=before, after=wanted)
    return preferences_of(uow, annotator_id=actor.id)


def preferences_of(uow: UnitOfWork, *, annotator_id: UUID) -> AnnotatorPreferences:
    """Return what an annotator opted in to; nothing, where they never chose."""
    row = (
        uow.session.connection()
        .execute(sa.select(PREFERENCES).where(PREFERENCES.c.annotator_id == annotator_id))
        .first()
    )
    if row is None:
        return AnnotatorPreferences(
            annotator_id=annotator_id, accepted_flags=[], changed_at=clock.now()
        )
    return AnnotatorPreferences(**row._mapping)


def accept_flags(
    uow: UnitOfWork, actor: Actor, *, flags: Iterable[ContentFlag]
) -> AnnotatorPreferences:
    """Opt in to these kinds of content beside those that were chosen before."""
    before = preferences_of(uow, annotator_id=actor.id).accepted_flags
    return set_preferences(
        uow, actor, accepted_flags=[*(ContentFlag(flag) for flag in before), *flags]
    )


def _in_order(flags: Iterable[ContentFlag]) -> list[str]:
    chosen = set(flags)
    return [flag.value for flag in ContentFlag if flag in chosen]


def _locked_flags(connection: Connection, annotator_id: UUID) -> list[str]:
    insert_unless_there(
        connection,
        PREFERENCES,
        annotator_id=annotator_id,
        accepted_flags=[],
        changed_at=clock.now(),
    )
    flags = connection.execute(
        sa.select(PREFERENCES.c.accepted_flags)
        .where(PREFERENCES.c.annotator_id == annotator_id)
        .with_for_update()
    ).scalar_one()
    return list(flags)


def _held_with(connection: Connection, annotator_id: UUID, refused: set[str]) -> Sequence[UUID]:
    held = connection.execute(
        sa.select(LEASE.c.id, PROJECT.c.content_flags)
        .join_from(LEASE, PROJECT, PROJECT.c.id == LEASE.c.project_id)
        .where(
            LEASE.c.annotator_id == annotator_id,
            LEASE.c.state == LeaseState.HELD,
            LEASE.c.expires_at > clock.now(),
        )
        .order_by(LEASE.c.id)
    )
    return [lease_id for lease_id, flags in held if refused.intersection(flags)]


def _record(uow: UnitOfWork, actor: Actor, *, before: list[str], after: list[str]) -> None:
    # What somebody can bear to see is theirs: the log proves it, and can forget the text.
    chosen = {"before": ", ".join(before) or "none", "after": ", ".join(after) or "none"}
    facts: JsonObject = {"n_accepted": len(after)}
    record(
        uow,
        actor,
        Action.PREFERENCES_CHANGED,
        subject_type="account",
        subject_id=actor.id,
        facts=facts,
        personal=chosen,
    )
