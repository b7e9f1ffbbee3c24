"""The key of each person's texts: made when the first text comes, gone when they are erased.

A key lies in the database only wrapped. Whoever has a backup of the database without the wrapping
key has nothing of anybody's texts; whoever has both, but not the newest keys, has nothing of those
who were erased since (docs/how-to/forget-a-person.md).
"""

from collections.abc import Collection, Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel, col, select

from audit.models_personal import SubjectKey
from audit.sealed_texts import new_key
from audit.wrapping_keys import WrappedKey, WrappingKeys, wrapping_keys_of
from folkmoot.kernel import clock
from folkmoot.kernel.core_tables import INSERTS
from folkmoot.kernel.errors import ConfigurationError
from folkmoot.kernel.statements import Statement
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = ["key_for", "keys_of", "require_wrapping_keys", "rewrap_keys", "shred_keys"]

REWRAPPED_AT_ONCE = 500
SUBJECT_KEY = SQLModel.metadata.tables[str(SubjectKey.__tablename__)]
# The lock keeps an erasure waiting until the text that is sealed with the key is there too.
_HELD = Statement(
    sa.select(SUBJECT_KEY.c.wrapped, SUBJECT_KEY.c.wrapped_by)
    .where(SUBJECT_KEY.c.person_id == sa.bindparam("of"))
    .with_for_update(read=True, key_share=True)
)


def key_for(uow: UnitOfWork, *, person_id: UUID) -> bytes:
    """Return a person's key; the first text makes it."""
    keys = require_wrapping_keys(uow)
    while (found := _HELD.first(uow.connection, {"of": person_id})) is None:
        # Again where somebody erased this person between the two statements.
        _put_new_key(uow, keys, person_id)
    return keys.unwrap(WrappedKey(*found), person_id=person_id)


def keys_of(uow: UnitOfWork, person_ids: Collection[UUID]) -> Mapping[UUID, bytes]:
    """Return the keys of those people who have one."""
    keys = require_wrapping_keys(uow)
    statement = select(SubjectKey).where(col(SubjectKey.person_id).in_(person_ids))
    return {
        one.person_id: keys.unwrap(_wrapped(one), person_id=one.person_id)
        for one in uow.session.exec(statement)
    }


def shred_keys(uow: UnitOfWork, person_ids: Collection[UUID]) -> int:
    """Delete people's keys, and wait for those who seal with them; return how many there were."""
    statement = sa.delete(SubjectKey).where(col(SubjectKey.person_id).in_(person_ids))
    return uow.session.exec(statement).rowcount


def rewrap_keys(uow: UnitOfWork) -> int:
    """Wrap some of the keys that an older wrapping key wraps by the newest; return how many."""
    keys = require_wrapping_keys(uow)
    older = select(SubjectKey).where(col(SubjectKey.wrapped_by) != keys.newest)
    some = uow.session.exec(older.limit(REWRAPPED_AT_ONCE).with_for_update()).all()
    for one in some:
        key = keys.unwrap(_wrapped(one), person_id=one.person_id)
        anew = keys.wrap(key, person_id=one.person_id)
        one.wrapped, one.wrapped_by = anew.wrapped, anew.wrapped_by
    return len(some)


def require_wrapping_keys(uow: UnitOfWork) -> WrappingKeys:
    """Return what personal texts are sealed and read with, or refuse."""
    keys = wrapping_keys_of(uow.engine)
    if keys is None:
        raise ConfigurationError(
            "No wrapping key was given for this database, so personal texts can neither be "
            "sealed nor read."
        )
    return keys


def _put_new_key(uow: UnitOfWork, keys: WrappingKeys, person_id: UUID) -> None:
    insert = INSERTS[uow.connection.dialect.name]
    one = keys.wrap(new_key(), person_id=person_id)
    values = {"wrapped": one.wrapped, "wrapped_by": one.wrapped_by, "made_at": clock.now()}
    uow.connection.execute(
        insert(SUBJECT_KEY).values(person_id=person_id, **values).on_conflict_do_nothing()
    )


def _wrapped(one: SubjectKey) -> WrappedKey:
    return WrappedKey(one.wrapped, one.wrapped_by)
