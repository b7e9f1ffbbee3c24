"""Keep a text as long as a law asks.

Revision: e724e22f294b, after 5d1c0f3e9a42.
"""

import sqlalchemy as sa
from alembic import op

revision = "e724e22f294b"
down_revision = "5d1c0f3e9a42"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("audit_retention_rule", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("text_minimum_days", sa.Integer(), server_default="0", nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("audit_retention_rule", schema=None) as batch_op:
        batch_op.drop_column("text_minimum_days")
