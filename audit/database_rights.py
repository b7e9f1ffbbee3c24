"""What PostgreSQL lets each of our programs do, so that a stolen web server cannot rewrite the log.

Two roles besides the owner of the tables. The web servers' may add entries and read them; the
sequencer's, which worker and sweep use as well, may also give an entry its place, end its content
when its time is over, and sign. Neither may change what an entry says or remove one: the triggers
of the tables refuse that even to their owner.
"""

from collections.abc import Iterable, Iterator

from folkmoot.kernel.errors import ConfigurationError

EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"
READING = "SELECT"
ADDING = "SELECT, INSERT"
RELEASING = f"{ADDING}, UPDATE (released_by, released_at)"

# What differs from EVERYTHING: the rights of the web servers, then those of the sequencer.
RIGHTS = {
    "alembic_version": (READING, READING),
    "audit_entry": (ADDING, f"{ADDING}, UPDATE (leaf_index, envelope)"),
    "audit_checkpoint": (READING, ADDING),
    "audit_log_head": (READING, f"{ADDING}, UPDATE"),
    "audit_tile": (READING, EVERYTHING),
    "audit_cosignature": (READING, EVERYTHING),
    "audit_witness_standing": (READING, EVERYTHING),
    "audit_actor_counter": (f"{ADDING}, UPDATE", f"{ADDING}, UPDATE"),
    "audit_verification": (ADDING, ADDING),
    "audit_erased_text": (ADDING, ADDING),
    "audit_legal_hold": (RELEASING, RELEASING),
    "audit_retention_rule": (f"{ADDING}, UPDATE", f"{ADDING}, UPDATE"),
}
# A name that needs no quotes, so that none can end them.
ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


def grants(tables: Iterable[str], *, web_role: str, sequencer_role: str) -> Iterator[str]:
    """Yield the statements that give both roles their rights, and no more, on these tables."""
    for role in (web_role, sequencer_role):
        if not role or not set(role) <= ALLOWED:
            raise ConfigurationError(
                f"A role's name has lower-case letters, digits and underscores, unlike {role!r}."
            )
        yield f"GRANT USAGE ON SCHEMA public TO {role}"
    for table in sorted(tables):
        web, sequencer = RIGHTS.get(table, (EVERYTHING, EVERYTHING))
        yield f"REVOKE ALL ON {table} FROM PUBLIC, {web_role}, {sequencer_role}"
        yield f"GRANT {web} ON {table} TO {web_role}"
        yield f"GRANT {sequencer} ON {table} TO {sequencer_role}"
