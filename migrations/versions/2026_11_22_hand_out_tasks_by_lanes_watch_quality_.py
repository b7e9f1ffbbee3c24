"""Hand out tasks by lanes, watch quality, pay and well-being.

Revision: fa2ed69230d5, after 3fe5d04646aa.
"""

import sqlalchemy as sa
from alembic import op

revision = "fa2ed69230d5"
down_revision = "3fe5d04646aa"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payment_export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_digest", sa.String(), nullable=False),
        sa.Column("n_lines", sa.Integer(), nullable=False),
        sa.Column("totals", sa.JSON(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_export")),
    )
    op.create_table(
        "annotator_preferences",
        sa.Column("annotator_id", sa.Uuid(), nullable=False),
        sa.Column("accepted_flags", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["account.id"], name=op.f("fk_annotator_preferences_annotator_id")
        ),
        sa.PrimaryKeyConstraint("annotator_id", name=op.f("pk_annotator_preferences")),
    )
    op.create_table(
        "project_queue",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("next_turn", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_project_queue_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project_queue")),
    )
    op.create_table(
        "sitting",
        sa.Column("annotator_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds_since_break", sa.Float(), nullable=False),
        sa.Column("active_seconds", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["account.id"], name=op.f("fk_sitting_annotator_id")
        ),
        sa.PrimaryKeyConstraint("annotator_id", name=op.f("pk_sitting")),
    )
    op.create_table(
        "suspicion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("annotator_id", sa.Uuid(), nullable=False),
        sa.Column("pattern", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("objection", sa.String(), server_default="", nullable=False),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["account.id"], name=op.f("fk_suspicion_annotator_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_suspicion_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspicion")),
    )
    with op.batch_alter_table("suspicion", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_suspicion_annotator_id"), ["annotator_id"], unique=False
        )
        batch_op.create_index("ix_suspicion_project_state", ["project_id", "state"], unique=False)
        batch_op.create_index(
            "uq_suspicion_open",
            ["project_id", "annotator_id", "pattern"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "work_day",
        sa.Column("annotator_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("n_labels", sa.Integer(), nullable=False),
        sa.Column("n_sensitive", sa.Integer(), nullable=False),
        sa.Column("active_seconds", sa.Float(), nullable=False),
        sa.Column("earned_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["account.id"], name=op.f("fk_work_day_annotator_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_work_day_project_id")
        ),
        sa.PrimaryKeyConstraint("annotator_id", "day", "project_id", name=op.f("pk_work_day")),
    )
    op.create_table(
        "appeal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("label_id", sa.Uuid(), nullable=False),
        sa.Column("annotator_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("gold_before", sa.JSON(), nullable=False),
        sa.Column("gold_after", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["account.id"], name=op.f("fk_appeal_annotator_id")
        ),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_appeal_label_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_appeal_project_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_appeal_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
        sa.UniqueConstraint("label_id", name=op.f("uq_appeal_label_id")),
    )
    with op.batch_alter_table("appeal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_appeal_annotator_id"), ["annotator_id"], unique=False)
        batch_op.create_index("ix_appeal_project_state", ["project_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_appeal_task_id"), ["task_id"], unique=False)

    with op.batch_alter_table("annotator_record", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cursors", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(
            sa.Column("searched_anew_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(sa.Column("agreed", sa.Float(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("compared", sa.Float(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("run_reliability", sa.Float(), nullable=True))
        batch_op.add_column(
            sa.Column("run_labels", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("recent_gold", sa.String(), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("fast_run", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("same_run", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column("last_answer", sa.String(), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("standing", sa.String(length=32), server_default="good", nullable=False)
        )
        batch_op.add_column(
            sa.Column("standing_reason", sa.String(), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("qualification", sa.String(length=32), server_default="none", nullable=False)
        )
        batch_op.add_column(sa.Column("qualified_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("training_seen", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("training_right", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.drop_column("last_rank")

    with op.batch_alter_table("earning", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("kind", sa.String(length=32), server_default="label", nullable=False)
        )
        batch_op.add_column(sa.Column("payment_id", sa.Uuid(), nullable=True))
        batch_op.alter_column("lease_id", existing_type=sa.UUID(), nullable=True)
        batch_op.drop_index(batch_op.f("ix_earning_annotator_id"))
        batch_op.drop_index(batch_op.f("ix_earning_project_id"))
        batch_op.drop_constraint(batch_op.f("uq_earning_lease_id"), type_="unique")
        batch_op.create_index(
            "ix_earning_annotator_at", ["annotator_id", "earned_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_earning_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index("ix_earning_project_at", ["project_id", "earned_at"], unique=False)
        batch_op.create_unique_constraint(
            batch_op.f("uq_earning_lease_id_kind"), ["lease_id", "kind"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_earning_payment_id"), "payment_export", ["payment_id"], ["id"]
        )

    with op.batch_alter_table("label", schema=None) as batch_op:
        batch_op.add_column(sa.Column("note", sa.String(), server_default="", nullable=False))

    with op.batch_alter_table("lease", schema=None) as batch_op:
        batch_op.add_column(sa.Column("suggestion_shown", sa.Boolean(), nullable=True))
        batch_op.add_column(
            sa.Column("active_seconds", sa.Float(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("last_beat_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("pay_minor", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.alter_column("place_number", existing_type=sa.INTEGER(), nullable=True)

    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("purpose", sa.String(length=32), server_default="ordinary", nullable=False)
        )
        batch_op.create_index(
            "ix_place_leased_until",
            ["project_id", "leased_until"],
            unique=False,
            sqlite_where=sa.text("label_id IS NULL AND leased_until IS NOT NULL"),
            postgresql_where=sa.text("label_id IS NULL AND leased_until IS NOT NULL"),
        )

    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.add_column(sa.Column("budget_labels", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("revision_seconds", sa.Integer(), server_default="900", nullable=False)
        )
        batch_op.add_column(sa.Column("pay_floor_minor", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("pay_alarm_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("pay_alarm_floor_minor", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("suggestion_share", sa.Float(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("training_questions", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("training_pass_share", sa.Float(), server_default="0.8", nullable=False)
        )
        batch_op.add_column(sa.Column("qualification_days", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("content_flags", sa.JSON(), server_default="[]", nullable=False)
        )
        batch_op.add_column(sa.Column("sensitive_per_day", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("break_after_minutes", sa.Integer(), server_default="50", nullable=False)
        )
        batch_op.add_column(sa.Column("session_cap_minutes", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("watch", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("pay_exception", sa.String(), nullable=True))

    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("use", sa.String(length=32), server_default="ordinary", nullable=False)
        )
        batch_op.add_column(
            sa.Column("explanation", sa.String(), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("suggestion", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("lot", sa.Integer(), server_default="0", nullable=False))
        batch_op.drop_index(
            "ix_task_gold",
            sqlite_where=sa.text("gold_answer IS NOT NULL"),
            postgresql_where=sa.text("gold_answer IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_task_gold",
            ["project_id", "lot"],
            unique=False,
            sqlite_where=sa.text("gold_answer IS NOT NULL"),
            postgresql_where=sa.text("gold_answer IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_task_training",
            ["project_id"],
            unique=False,
            sqlite_where=sa.text("use = 'training'"),
            postgresql_where=sa.text("use = 'training'"),
        )

    with op.batch_alter_table("task_import", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("n_bytes", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("bytes_read", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("problems_bytes", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("problems_digest", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("started_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("advanced_at", sa.DateTime(timezone=True), nullable=True))

    _say_what_tasks_and_places_are_for()
    _move_places_into_lanes()
    _count_the_days()
    _say_what_leases_pay()
    _tune_for_a_queue()


def downgrade() -> None:
    _stop_tuning()
    _give_training_places()
    _merge_earnings()
    _move_places_out_of_lanes()
    with op.batch_alter_table("task_import", schema=None) as batch_op:
        batch_op.drop_column("advanced_at")
        batch_op.drop_column("started_at")
        batch_op.drop_column("problems_digest")
        batch_op.drop_column("problems_bytes")
        batch_op.drop_column("bytes_read")
        batch_op.drop_column("n_bytes")

    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.drop_index("ix_task_training")
        batch_op.drop_index(
            "ix_task_gold",
            sqlite_where=sa.text("gold_answer IS NOT NULL"),
            postgresql_where=sa.text("gold_answer IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_task_gold",
            ["project_id"],
            unique=False,
            sqlite_where=sa.text("gold_answer IS NOT NULL"),
            postgresql_where=sa.text("gold_answer IS NOT NULL"),
        )
        batch_op.drop_column("lot")
        batch_op.drop_column("suggestion")
        batch_op.drop_column("explanation")
        batch_op.drop_column("use")

    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.drop_column("pay_exception")
        batch_op.drop_column("watch")
        batch_op.drop_column("session_cap_minutes")
        batch_op.drop_column("break_after_minutes")
        batch_op.drop_column("sensitive_per_day")
        batch_op.drop_column("content_flags")
        batch_op.drop_column("qualification_days")
        batch_op.drop_column("training_pass_share")
        batch_op.drop_column("training_questions")
        batch_op.drop_column("suggestion_share")
        batch_op.drop_column("pay_alarm_floor_minor")
        batch_op.drop_column("pay_alarm_at")
        batch_op.drop_column("pay_floor_minor")
        batch_op.drop_column("revision_seconds")
        batch_op.drop_column("budget_labels")

    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_place_leased_until",
            sqlite_where=sa.text("label_id IS NULL AND leased_until IS NOT NULL"),
            postgresql_where=sa.text("label_id IS NULL AND leased_until IS NOT NULL"),
        )
        batch_op.drop_column("purpose")

    with op.batch_alter_table("lease", schema=None) as batch_op:
        batch_op.alter_column("place_number", existing_type=sa.INTEGER(), nullable=False)
        batch_op.drop_column("pay_minor")
        batch_op.drop_column("last_beat_at")
        batch_op.drop_column("active_seconds")
        batch_op.drop_column("suggestion_shown")

    with op.batch_alter_table("label", schema=None) as batch_op:
        batch_op.drop_column("note")

    with op.batch_alter_table("earning", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_earning_payment_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_earning_lease_id_kind"), type_="unique")
        batch_op.drop_index("ix_earning_project_at")
        batch_op.drop_index(batch_op.f("ix_earning_payment_id"))
        batch_op.drop_index("ix_earning_annotator_at")
        batch_op.create_unique_constraint(
            batch_op.f("uq_earning_lease_id"), ["lease_id"], postgresql_nulls_not_distinct=False
        )
        batch_op.create_index(batch_op.f("ix_earning_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_earning_annotator_id"), ["annotator_id"], unique=False)
        batch_op.alter_column("lease_id", existing_type=sa.UUID(), nullable=False)
        batch_op.drop_column("payment_id")
        batch_op.drop_column("kind")

    with op.batch_alter_table("annotator_record", schema=None) as batch_op:
        batch_op.add_column(sa.Column("last_rank", sa.BIGINT(), autoincrement=False, nullable=True))
        batch_op.drop_column("training_right")
        batch_op.drop_column("training_seen")
        batch_op.drop_column("qualified_until")
        batch_op.drop_column("qualification")
        batch_op.drop_column("standing_reason")
        batch_op.drop_column("standing")
        batch_op.drop_column("last_answer")
        batch_op.drop_column("same_run")
        batch_op.drop_column("fast_run")
        batch_op.drop_column("recent_gold")
        batch_op.drop_column("run_labels")
        batch_op.drop_column("run_reliability")
        batch_op.drop_column("compared")
        batch_op.drop_column("agreed")
        batch_op.drop_column("searched_anew_at")
        batch_op.drop_column("cursors")

    with op.batch_alter_table("appeal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_appeal_task_id"))
        batch_op.drop_index("ix_appeal_project_state")
        batch_op.drop_index(batch_op.f("ix_appeal_annotator_id"))

    op.drop_table("appeal")
    op.drop_table("work_day")
    with op.batch_alter_table("suspicion", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_suspicion_open",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.drop_index("ix_suspicion_project_state")
        batch_op.drop_index(batch_op.f("ix_suspicion_annotator_id"))

    op.drop_table("suspicion")
    op.drop_table("sitting")
    op.drop_table("project_queue")
    op.drop_table("annotator_preferences")
    op.drop_table("payment_export")


# A rank was position - priority * 2**40; now each priority has two lanes, and only what waits has
# a rank.
_LANE = 2**40
# Room in each page for new versions of its rows, in percent of what is filled at first.
_FILLFACTORS = {
    "place": 80,
    "lease": 90,
    "task": 90,
    "annotator_record": 50,
    "work_day": 50,
    "project_queue": 20,
}
_OFTEN = {
    "autovacuum_vacuum_scale_factor": 0.01,
    "autovacuum_vacuum_threshold": 500,
    "autovacuum_analyze_scale_factor": 0.05,
    "autovacuum_vacuum_cost_delay": 0,
}


def _say_what_tasks_and_places_are_for() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    lot = "floor(random() * 2147483647)" if is_postgresql else "abs(random() % 2147483647)"
    op.execute(f"UPDATE task SET use = 'gold', lot = {lot} WHERE gold_answer IS NOT NULL")  # noqa: S608
    op.execute(
        "UPDATE place SET purpose = 'gold'"
        " WHERE task_id IN (SELECT id FROM task WHERE gold_answer IS NOT NULL)"
    )
    op.execute(
        "UPDATE place SET purpose = 'extra_opinion' WHERE purpose = 'ordinary'"
        " AND number > (SELECT floor FROM project WHERE project.id = place.project_id)"
    )


def _move_places_into_lanes() -> None:
    op.execute("INSERT INTO project_queue (project_id, next_turn) SELECT id, 0 FROM project")
    op.execute(
        "UPDATE place SET rank = NULL"
        " WHERE label_id IS NULL AND leased_until IS NOT NULL AND rank IS NOT NULL"
    )
    op.execute(
        f"UPDATE place SET rank = rank - {_LANE} *"  # noqa: S608
        " (SELECT priority FROM task WHERE task.id = place.task_id)"
        " WHERE label_id IS NULL AND rank IS NOT NULL"
    )


def _move_places_out_of_lanes() -> None:
    # What is held keeps its rank in the older version. A rank that was taken away for good does
    # not come back: the task is complete, or it is one annotator's gold.
    op.execute(
        f"UPDATE place SET rank = (SELECT position - {_LANE} * priority"  # noqa: S608
        " FROM task WHERE task.id = place.task_id)"
        " WHERE label_id IS NULL AND purpose != 'gold'"
        " AND (rank IS NOT NULL OR lease_id IS NOT NULL)"
    )


def _count_the_days() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    day = (
        "(label.created_at AT TIME ZONE 'UTC')::date" if is_postgresql else "date(label.created_at)"
    )
    op.execute(
        "INSERT INTO work_day (annotator_id, day, project_id, n_labels, n_sensitive,"  # noqa: S608
        " active_seconds, earned_minor, currency)"
        f" SELECT label.annotator_id, {day}, label.project_id, count(*), 0,"
        " sum(label.active_seconds), coalesce(sum(earning.amount_minor), 0), project.currency"
        " FROM label JOIN project ON project.id = label.project_id"
        " LEFT JOIN earning ON earning.lease_id = label.lease_id"
        " WHERE label.origin = 'crowd' AND label.supersedes_id IS NULL"
        f" GROUP BY label.annotator_id, {day}, label.project_id, project.currency"
    )


def _say_what_leases_pay() -> None:
    # What is in hand was shown at the project's pay, which could not be lowered meanwhile.
    op.execute(
        "UPDATE lease SET pay_minor ="
        " (SELECT pay_minor FROM project WHERE project.id = lease.project_id)"
    )


def _give_training_places() -> None:
    """Give each lease of training a place that nobody is handed: the older version asks for one."""
    op.execute(
        "INSERT INTO place (task_id, number, project_id, purpose)"
        " SELECT lease.task_id, row_number() OVER (PARTITION BY lease.task_id ORDER BY lease.id)"
        " + coalesce((SELECT max(number) FROM place WHERE place.task_id = lease.task_id), 0),"
        " lease.project_id, 'gold' FROM lease WHERE lease.place_number IS NULL"
    )
    op.execute(
        "UPDATE lease SET place_number = numbered.number FROM ("
        "SELECT id, row_number() OVER (PARTITION BY task_id ORDER BY id)"
        " + (SELECT max(number) FROM place WHERE place.task_id = training.task_id)"
        " - (SELECT count(*) FROM lease AS other"
        " WHERE other.task_id = training.task_id AND other.place_number IS NULL) AS number"
        " FROM lease AS training WHERE place_number IS NULL"
        ") AS numbered WHERE numbered.id = lease.id"
    )
    # A label of training is no voice, as one that was revised is none.
    op.execute("UPDATE label SET origin = 'crowd' WHERE origin = 'training'")


def _merge_earnings() -> None:
    """Add what appeals and top-ups paid to a label's line: the older version has one a lease."""
    connection = op.get_bind()
    extra = "SELECT id, annotator_id, project_id, lease_id, amount_minor FROM earning"
    for row in connection.execute(sa.text(f"{extra} WHERE kind != 'label'")).mappings().all():
        of_lease = "lease_id = :lease_id"
        of_anyone = "annotator_id = :annotator_id AND project_id = :project_id"
        line = connection.execute(
            sa.text(
                "SELECT id FROM earning WHERE kind = 'label' AND "  # noqa: S608
                f"{of_anyone if row['lease_id'] is None else of_lease} ORDER BY id LIMIT 1"
            ),
            dict(row),
        ).scalar()
        if line is None and row["lease_id"] is None:
            raise RuntimeError(
                "The older version cannot keep an amount that was paid for no answer: "
                f"earning {row['id']}. Nothing was changed."
            )
        if line is not None:
            more = {"line": line, **row}
            connection.execute(
                sa.text(
                    "UPDATE earning SET amount_minor = amount_minor + :amount_minor"
                    " WHERE id = :line"
                ),
                more,
            )
            connection.execute(sa.text("DELETE FROM earning WHERE id = :id"), more)


def _tune_for_a_queue() -> None:
    """Let PostgreSQL clean up often: rows of the queue live for minutes."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, fillfactor in _FILLFACTORS.items():
        often = ", ".join(f"{name} = {value}" for name, value in _OFTEN.items())
        op.execute(f"ALTER TABLE {table} SET (fillfactor = {fillfactor}, {often})")


def _stop_tuning() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _FILLFACTORS:
        op.execute(f"ALTER TABLE {table} RESET (fillfactor, {', '.join(_OFTEN)})")
