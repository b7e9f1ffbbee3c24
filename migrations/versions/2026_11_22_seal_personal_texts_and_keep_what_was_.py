"""Seal personal texts and keep what was erased and is held.

Texts that lie open in the database are sealed for the person whom they are about. What they were
before stays in free pages of the file until `VACUUM`.

Revision: 2fd6a25024f9, after a77ef3a9451e.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.engine import Connection, Row

from audit.sealed_texts import SaltedText, new_key, seal, unseal
from audit.wrapping_keys import WrappedKey, WrappingKeys, wrapping_keys_of
from folkmoot.kernel import clock
from folkmoot.kernel.errors import ConfigurationError

revision = "2fd6a25024f9"
down_revision = "a77ef3a9451e"
branch_labels = None
depends_on = None

AT_ONCE = 500
ENTRY = sa.table(
    "audit_entry",
    sa.column("id", sa.Uuid),
    sa.column("subject_type", sa.String),
    sa.column("subject_id", sa.Uuid),
)
TEXT = sa.table(
    "audit_disclosure",
    sa.column("entry_id", sa.Uuid),
    sa.column("field", sa.String),
    sa.column("salt", sa.LargeBinary),
    sa.column("value", sa.String),
    sa.column("person_id", sa.Uuid),
    sa.column("sealed", sa.LargeBinary),
)
KEY = sa.table(
    "audit_subject_key",
    sa.column("person_id", sa.Uuid),
    sa.column("wrapped", sa.LargeBinary),
    sa.column("wrapped_by", sa.String),
    sa.column("made_at", sa.DateTime(timezone=True)),
)
# Where the text of an entry is not its subject's: the row that knows whose it is.
OWNERS = {
    "label": "annotator_id",
    "suspicion": "annotator_id",
    "appeal": "annotator_id",
    "access_token": "account_id",
    "oauth_client": "account_id",
}


def upgrade() -> None:
    op.create_table(
        "audit_legal_hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by", sa.Uuid(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_legal_hold")),
    )
    with op.batch_alter_table("audit_legal_hold", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_audit_legal_hold_person_id"), ["person_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_audit_legal_hold_project_id"), ["project_id"], unique=False
        )

    op.create_table(
        "audit_retention_rule",
        sa.Column("record_class", sa.String(length=32), nullable=False),
        sa.Column("entry_days", sa.Integer(), nullable=False),
        sa.Column("text_days", sa.Integer(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_class", name=op.f("pk_audit_retention_rule")),
    )
    op.create_table(
        "audit_subject_key",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_audit_subject_key")),
    )
    with op.batch_alter_table("audit_subject_key", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_audit_subject_key_wrapped_by"), ["wrapped_by"], unique=False
        )

    op.create_table(
        "audit_erased_text",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("erasure_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["erasure_id"], ["audit_entry.id"], name=op.f("fk_audit_erased_text_erasure_id")
        ),
        sa.PrimaryKeyConstraint("entry_id", "field", name=op.f("pk_audit_erased_text")),
    )
    with op.batch_alter_table("audit_erased_text", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_audit_erased_text_erasure_id"), ["erasure_id"], unique=False
        )

    with op.batch_alter_table("audit_disclosure", schema=None) as batch_op:
        batch_op.add_column(sa.Column("person_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("sealed", sa.LargeBinary(), nullable=True))

    _seal_texts(op.get_bind())
    with op.batch_alter_table("audit_disclosure", schema=None) as batch_op:
        batch_op.alter_column("person_id", existing_type=sa.Uuid(), nullable=False)
        batch_op.alter_column("sealed", existing_type=sa.LargeBinary(), nullable=False)
        batch_op.create_index(
            batch_op.f("ix_audit_disclosure_person_id"), ["person_id"], unique=False
        )
        batch_op.drop_column("salt")
        batch_op.drop_column("value")


def downgrade() -> None:
    with op.batch_alter_table("audit_disclosure", schema=None) as batch_op:
        batch_op.add_column(sa.Column("value", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("salt", sa.LargeBinary(), nullable=True))

    _unseal_texts(op.get_bind())
    with op.batch_alter_table("audit_disclosure", schema=None) as batch_op:
        batch_op.alter_column("value", existing_type=sa.String(), nullable=False)
        batch_op.alter_column("salt", existing_type=sa.LargeBinary(), nullable=False)
        batch_op.drop_index(batch_op.f("ix_audit_disclosure_person_id"))
        batch_op.drop_column("sealed")
        batch_op.drop_column("person_id")

    with op.batch_alter_table("audit_erased_text", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_erased_text_erasure_id"))

    op.drop_table("audit_erased_text")
    with op.batch_alter_table("audit_subject_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_subject_key_wrapped_by"))

    op.drop_table("audit_subject_key")
    op.drop_table("audit_retention_rule")
    with op.batch_alter_table("audit_legal_hold", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_legal_hold_project_id"))
        batch_op.drop_index(batch_op.f("ix_audit_legal_hold_person_id"))

    op.drop_table("audit_legal_hold")


def _seal_texts(connection: Connection) -> None:
    _name_people(connection)
    keys: dict[UUID, bytes] = {}
    for some in _texts(connection, sa.select(TEXT).where(TEXT.c.sealed.is_(None))):
        for one in some:
            key = keys.get(one.person_id) or _new_key(connection, one.person_id)
            keys[one.person_id] = key
            text = SaltedText(one.value, bytes(one.salt))
            sealed = seal(text, key=key, entry_id=one.entry_id, field=one.field)
            _put(connection, one, {"sealed": sealed})


def _name_people(connection: Connection) -> None:
    of_entry = ENTRY.c.id == TEXT.c.entry_id
    subject = sa.select(ENTRY.c.subject_id).where(of_entry).scalar_subquery()
    connection.execute(sa.update(TEXT).values(person_id=subject))
    for subject_type, owner in OWNERS.items():
        rows = sa.table(subject_type, sa.column("id", sa.Uuid), sa.column(owner, sa.Uuid))
        person = sa.select(rows.c[owner]).where(rows.c.id == TEXT.c.person_id).scalar_subquery()
        theirs = sa.select(ENTRY.c.id).where(ENTRY.c.subject_type == subject_type)
        connection.execute(
            sa.update(TEXT)
            .where(TEXT.c.entry_id.in_(theirs))
            .values(person_id=sa.func.coalesce(person, TEXT.c.person_id))
        )


def _unseal_texts(connection: Connection) -> None:
    statement = sa.select(TEXT, KEY.c.wrapped, KEY.c.wrapped_by).where(TEXT.c.salt.is_(None))
    joined = statement.join(KEY, KEY.c.person_id == TEXT.c.person_id)
    for some in _texts(connection, joined):
        for one in some:
            wrapped = WrappedKey(bytes(one.wrapped), one.wrapped_by)
            key = _wrapping_keys(connection).unwrap(wrapped, person_id=one.person_id)
            sealed = bytes(one.sealed)
            text = unseal(sealed, key=key, entry_id=one.entry_id, field=one.field)
            _put(connection, one, text._asdict())


def _texts(connection: Connection, left: sa.Select[Any]) -> Iterator[Sequence[Row[Any]]]:
    """Yield what is left to do, a few at a time, until nothing is."""
    while some := connection.execute(left.limit(AT_ONCE)).all():
        yield some


def _put(connection: Connection, one: Row[Any], values: Mapping[str, object]) -> None:
    this = sa.and_(TEXT.c.entry_id == one.entry_id, TEXT.c.field == one.field)
    connection.execute(sa.update(TEXT).where(this).values(**values))


def _new_key(connection: Connection, person_id: UUID) -> bytes:
    key = new_key()
    one = _wrapping_keys(connection).wrap(key, person_id=person_id)
    connection.execute(
        sa.insert(KEY).values(
            person_id=person_id,
            wrapped=one.wrapped,
            wrapped_by=one.wrapped_by,
            made_at=clock.now(),
        )
    )
    return key


def _wrapping_keys(connection: Connection) -> WrappingKeys:
    keys = wrapping_keys_of(connection.engine)
    if keys is None:
        raise ConfigurationError("Personal texts can be sealed by `folkmoot db upgrade` alone.")
    return keys
