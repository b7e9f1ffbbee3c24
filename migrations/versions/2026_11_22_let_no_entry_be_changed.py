"""Let no entry of the log be changed.

The database itself refuses to change or remove what was recorded and signed, whoever asks. Two
changes of an entry stand: its place in the tree, which it gets once, and the end of its content
when its time is over (its envelope becomes empty; its hash, and so every proof, stays).

Where SQLite makes `audit_entry`, `audit_checkpoint` or `audit_actor_counter` anew, these triggers go
with the old table: such a migration has to make them again. A test looks whether they are there.

Revision: 5d1c0f3e9a42, after 2fd6a25024f9.
"""

from alembic import op

revision = "5d1c0f3e9a42"
down_revision = "2fd6a25024f9"
branch_labels = None
depends_on = None

# {same} is IS on SQLite and IS NOT DISTINCT FROM on PostgreSQL.
UNTOUCHED = " AND ".join(
    f"NEW.{column} {{same}} OLD.{column}"
    for column in (
        "id",
        "action",
        "actor_id",
        "actor_sequence",
        "subject_type",
        "subject_id",
        "project_id",
        "recorded_at",
        "leaf_hash",
    )
)
IS_PLACED = (
    "OLD.leaf_index IS NULL AND NEW.leaf_index IS NOT NULL AND NEW.envelope {same} OLD.envelope"
)
IS_EMPTIED = (
    "OLD.leaf_index IS NOT NULL AND NEW.leaf_index {same} OLD.leaf_index"
    " AND length(NEW.envelope) = 0"
)
# Each rule: the trigger's name, the table, what it looks at, and when it refuses.
RULES = (
    ("audit_entry_new", "audit_entry", "INSERT", "NEW.leaf_index IS NOT NULL"),
    (
        "audit_entry_kept",
        "audit_entry",
        "UPDATE",
        f"NOT ({UNTOUCHED} AND (({IS_PLACED}) OR ({IS_EMPTIED})))",
    ),
    ("audit_entry_stays", "audit_entry", "DELETE", ""),
    ("audit_checkpoint_kept", "audit_checkpoint", "UPDATE", ""),
    ("audit_checkpoint_stays", "audit_checkpoint", "DELETE", ""),
    (
        "audit_actor_counter_kept",
        "audit_actor_counter",
        "UPDATE",
        "NOT (NEW.actor_id = OLD.actor_id AND NEW.last_sequence = OLD.last_sequence + 1)",
    ),
    ("audit_actor_counter_stays", "audit_actor_counter", "DELETE", ""),
)
# SQLite's INSERT OR REPLACE removes rows and fires no trigger for that.
REPLACES = (
    (
        "audit_entry_unreplaced",
        "audit_entry",
        "SELECT 1 FROM audit_entry WHERE id = NEW.id"
        " OR (actor_id = NEW.actor_id AND actor_sequence = NEW.actor_sequence)",
    ),
    (
        "audit_checkpoint_unreplaced",
        "audit_checkpoint",
        "SELECT 1 FROM audit_checkpoint WHERE size = NEW.size",
    ),
)
TABLES = ("audit_entry", "audit_checkpoint", "audit_actor_counter")
SENTENCE = "The audit log only grows: this row of {table} stays as it is."


def upgrade() -> None:
    # The pair of actor and number has an index that begins with the actor.
    op.drop_index(op.f("ix_audit_entry_actor_id"), table_name="audit_entry")
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"DROP TRIGGER {table}_whole ON {table}")
        for name, table, _, _ in RULES:
            op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute("DROP FUNCTION audit_refuse()")
    else:
        for name in [*(rule[0] for rule in RULES), *(rule[0] for rule in REPLACES)]:
            op.execute(f"DROP TRIGGER {name}")
    op.create_index(op.f("ix_audit_entry_actor_id"), "audit_entry", ["actor_id"])


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" RAISE EXCEPTION '{SENTENCE.format(table='%')}', TG_TABLE_NAME"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for name, table, what, refused in RULES:
        when = f"WHEN ({refused.format(same='IS NOT DISTINCT FROM')})" if refused else ""
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {what} ON {table}"
            f" FOR EACH ROW {when} EXECUTE FUNCTION audit_refuse()"
        )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
        )


def _guard_sqlite() -> None:
    for name, table, what, refused in RULES:
        when = f"WHEN {refused.format(same='IS')}" if refused else ""
        _refuse(name, table, what, when)
    for name, table, present in REPLACES:
        _refuse(name, table, "INSERT", f"WHEN EXISTS ({present})")


def _refuse(name: str, table: str, what: str, when: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {what} ON {table} FOR EACH ROW {when}"
        f" BEGIN SELECT RAISE(ABORT, '{SENTENCE.format(table=table)}'); END"
    )
