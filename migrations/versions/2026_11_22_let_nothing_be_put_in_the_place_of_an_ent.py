"""Let nothing be put in the place of an entry.

SQLite's OR REPLACE removes the rows that stand in its way, and fires no trigger for that. A row
stands in the way by any unique column, so by its place in the tree too, and by its rowid.

Revision: 5ad16134b257, after 6f4216f8acee.
"""

from alembic import op

revision = "5ad16134b257"
down_revision = "6f4216f8acee"
branch_labels = None
depends_on = None

# To a trigger a new row has the number -1 until SQLite gives it one.
HAS_NUMBER = (
    "NEW.rowid <> -1 AND EXISTS (SELECT 1 FROM {table} AS there WHERE there.rowid = NEW.rowid)"
)
TAKES_PLACE = "SELECT 1 FROM audit_entry WHERE leaf_index = NEW.leaf_index AND id <> OLD.id"
# A counter is there before the first entry that it counts. An upsert that only counts up is no
# insert to a trigger that comes after it; one that replaced the counter is.
COUNTS_ANEW = "SELECT 1 FROM audit_entry WHERE actor_id = NEW.actor_id"
# Each rule: the trigger's name, the table, what it looks at, and when it refuses.
RULES = (
    ("audit_entry_unnumbered", "audit_entry", "BEFORE INSERT", HAS_NUMBER),
    (
        "audit_entry_unmoved",
        "audit_entry",
        "BEFORE UPDATE",
        f"NEW.rowid <> OLD.rowid OR EXISTS ({TAKES_PLACE})",
    ),
    ("audit_actor_counter_unnumbered", "audit_actor_counter", "BEFORE INSERT", HAS_NUMBER),
    (
        "audit_actor_counter_unmoved",
        "audit_actor_counter",
        "BEFORE UPDATE",
        "NEW.rowid <> OLD.rowid",
    ),
    (
        "audit_actor_counter_first",
        "audit_actor_counter",
        "AFTER INSERT",
        f"NEW.last_sequence <> 1 OR EXISTS ({COUNTS_ANEW})",
    ),
)
SENTENCE = "The audit log only grows: this row of {table} stays as it is."


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        return
    for name, table, what, refused in RULES:
        op.execute(
            f"CREATE TRIGGER {name} {what} ON {table} FOR EACH ROW"
            f" WHEN {refused.format(table=table)}"
            f" BEGIN SELECT RAISE(ABORT, '{SENTENCE.format(table=table)}'); END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        return
    for name, *_ in RULES:
        op.execute(f"DROP TRIGGER {name}")
