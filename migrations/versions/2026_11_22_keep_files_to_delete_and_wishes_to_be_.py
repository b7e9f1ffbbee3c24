"""Keep files to delete and wishes to be erased.

Revision: 6f4216f8acee, after e724e22f294b.
"""

import sqlalchemy as sa
from alembic import op

revision = "6f4216f8acee"
down_revision = "e724e22f294b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_erasure_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_erasure_request")),
    )
    with op.batch_alter_table("audit_erasure_request", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_audit_erasure_request_person_id"), ["person_id"], unique=False
        )

    op.create_table(
        "audit_forgotten_file",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_audit_forgotten_file")),
    )


def downgrade() -> None:
    op.drop_table("audit_forgotten_file")
    with op.batch_alter_table("audit_erasure_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_erasure_request_person_id"))

    op.drop_table("audit_erasure_request")
