"""Keep the log's tiles and what witnesses said.

Revision: a77ef3a9451e, after 8dd3f54c1529.
"""

import sqlalchemy as sa
from alembic import op

revision = "a77ef3a9451e"
down_revision = "8dd3f54c1529"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_cosignature",
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("cosigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", "key", name=op.f("pk_audit_cosignature")),
    )
    with op.batch_alter_table("audit_cosignature", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_cosignature_key"), ["key"], unique=False)

    op.create_table(
        "audit_tile",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("tile_index", sa.Integer(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "tile_index", name=op.f("pk_audit_tile")),
    )
    op.create_table(
        "audit_witness_standing",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_audit_witness_standing")),
    )


def downgrade() -> None:
    op.drop_table("audit_witness_standing")
    op.drop_table("audit_tile")
    with op.batch_alter_table("audit_cosignature", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_cosignature_key"))

    op.drop_table("audit_cosignature")
