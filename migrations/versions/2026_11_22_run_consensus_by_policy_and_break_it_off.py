"""Run consensus by policy and break it off.

Revision: be824780a326, after fa2ed69230d5.
"""

import sqlalchemy as sa
from alembic import op

revision = "be824780a326"
down_revision = "fa2ed69230d5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("consensus_run", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("labels_at_request", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("stage", sa.String(), server_default="", nullable=False))

    # What there is now was there when it was last asked for: nothing is due by an upgrade.
    op.execute(
        "UPDATE consensus_run SET labels_at_request = (SELECT coalesce(sum(n_labels), 0)"
        " FROM annotator_record WHERE annotator_record.project_id = consensus_run.project_id)"
    )

    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.add_column(sa.Column("consensus_every", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "consensus_at_close", sa.Boolean(), server_default=sa.text("true"), nullable=False
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.drop_column("consensus_at_close")
        batch_op.drop_column("consensus_every")

    with op.batch_alter_table("consensus_run", schema=None) as batch_op:
        batch_op.drop_column("stage")
        batch_op.drop_column("labels_at_request")
