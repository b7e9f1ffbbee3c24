"""Keep what a consensus model says.

Revision: 8dd3f54c1529, after be824780a326.
"""

import sqlalchemy as sa
from alembic import op

revision = "8dd3f54c1529"
down_revision = "be824780a326"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("annotator_reliability", schema=None) as batch_op:
        batch_op.add_column(sa.Column("traits", sa.JSON(), server_default="{}", nullable=False))

    with op.batch_alter_table("consensus", schema=None) as batch_op:
        batch_op.add_column(sa.Column("low", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("high", sa.Float(), nullable=True))

    with op.batch_alter_table("consensus_run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("algorithm", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("fallback", sa.String(), server_default="", nullable=False))
        batch_op.add_column(
            sa.Column("calibration", sa.JSON(), server_default="{}", nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("consensus_run", schema=None) as batch_op:
        batch_op.drop_column("calibration")
        batch_op.drop_column("fallback")
        batch_op.drop_column("algorithm")

    with op.batch_alter_table("consensus", schema=None) as batch_op:
        batch_op.drop_column("high")
        batch_op.drop_column("low")

    with op.batch_alter_table("annotator_reliability", schema=None) as batch_op:
        batch_op.drop_column("traits")
