"""Keep personal texts beside their entries, and read them: the one way in and out."""

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from audit.models_personal import Disclosure
from audit.sealed_texts import SaltedText, seal, unseal
from audit.subject_keys import key_for, keys_of
from audit.tables import DISCLOSURE
from folkmoot.kernel.statements import Statement
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = ["disclose", "disclosed_fields"]

_KEEP = Statement(sa.insert(DISCLOSURE))


def disclose(
    uow: UnitOfWork, *, entry_id: UUID, person_id: UUID, texts: Mapping[str, SaltedText]
) -> None:
    """Seal the texts of an entry, which are one person's."""
    key = key_for(uow, person_id=person_id)
    _KEEP.run_many(
        uow.connection,
        [
            {
                "entry_id": entry_id,
                "field": field,
                "person_id": person_id,
                "sealed": seal(text, key=key, entry_id=entry_id, field=field),
            }
            for field, text in texts.items()
        ],
    )


def disclosed_fields(uow: UnitOfWork, entry_id: UUID) -> dict[str, SaltedText]:
    """Return the texts of an entry that were not erased, each with its salt.

    Raise ConfigurationError without a wrapping key, and DamagedSeal where a text does not open.
    """
    statement = select(Disclosure).where(col(Disclosure.entry_id) == entry_id)
    rows = uow.session.exec(statement.order_by(col(Disclosure.field))).all()
    if not rows:
        return {}
    keys = keys_of(uow, {one.person_id for one in rows})
    return {
        one.field: unseal(one.sealed, key=keys[one.person_id], entry_id=entry_id, field=one.field)
        for one in rows
        if one.person_id in keys
    }
