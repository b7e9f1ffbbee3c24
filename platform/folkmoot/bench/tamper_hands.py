"""The hands of somebody who owns the database and holds every key of the application.

Whatever they change, they change consistently: hashes, tiles, head, counters, checkpoints that are
signed anew with the log's key, and the business rows. Only what lies with others is out of reach.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel, col, select

from audit import commitments
from audit.canonical import canonical_bytes
from audit.disclosing import disclosed_fields
from audit.keys import LogKey
from audit.merkle import Frontier, leaf_hash
from audit.models import Entry
from audit.notes import Checkpoint
from audit.sealed_texts import SaltedText, seal
from audit.subject_keys import keys_of
from audit.tables import CHECKPOINT, COUNTER, DISCLOSURE, ENTRY, HEAD
from audit.tiles import rebuild
from audit.witness_models import Cosignature
from folkmoot.bench.tamper_history import History
from folkmoot.kernel import clock
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import reading, unit_of_work
from governance.models import Decision, DecisionState, Review

REVIEW, DECISION = (SQLModel.metadata.tables[str(one.__tablename__)] for one in (Review, Decision))
REASON = "reason_text"
COSIGNATURE = SQLModel.metadata.tables[str(Cosignature.__tablename__)]


@dataclass
class Forged:
    """An entry in their hands: all that its leaf commits to."""

    told: JsonObject

    @property
    def entry_id(self) -> UUID:
        """Return its id."""
        return UUID(str(self.told["id"]))

    @property
    def actor(self) -> str:
        """Return whose entry it is."""
        return str(self.told["actor"])

    @property
    def action(self) -> str:
        """Return what was done."""
        return str(self.told["action"])

    def facts(self) -> JsonObject:
        """Return what of it anybody may read."""
        facts = self.told["facts"]
        return dict(facts) if isinstance(facts, dict) else {}

    def row(self, index: int | None) -> Mapping[str, object]:
        """Return the row of the table of entries that fits it."""
        subject = self.told["subject"]
        kind = dict(subject) if isinstance(subject, dict) else {}
        envelope = canonical_bytes(self.told)
        return {
            "id": self.entry_id,
            "action": self.action,
            "actor_id": UUID(self.actor),
            "actor_sequence": self.told["actor_sequence"],
            "subject_type": kind["type"],
            "subject_id": UUID(str(kind["id"])),
            "project_id": UUID(str(self.told["project"])) if self.told["project"] else None,
            "recorded_at": datetime.fromisoformat(str(self.told["recorded_at"])),
            "envelope": envelope,
            "leaf_hash": leaf_hash(envelope),
            "leaf_index": index,
        }


class Burglar:
    """Rewrites one log."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.engine = history.engine
        self.log_key: LogKey = history.log_key
        self._drop_guards()

    @contextmanager
    def hands(self) -> Iterator[Connection]:
        """Open a transaction in which no trigger and no foreign key stands in the way."""
        with self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("SELECT 1")
                connection.rollback()
                driver = connection.connection.driver_connection
                driver.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]  # it is there
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
                yield connection

    def entries(self) -> list[Forged]:
        """Return the sealed entries in their order."""
        statement = select(Entry.envelope).where(col(Entry.leaf_index).is_not(None))
        with reading(self.engine) as uow:
            found = uow.session.exec(statement.order_by(col(Entry.leaf_index)))
            return [Forged(json.loads(one)) for one in found]

    def rewrite(self, entries: list[Forged], *, first: int) -> None:
        """Put these entries in the place of all from `first` on, and sign whatever was signed."""
        with self.hands() as connection:
            sizes = list(connection.execute(sa.select(CHECKPOINT.c.size)).scalars())
            self._number(connection, entries, first)
            leaves = [leaf_hash(canonical_bytes(one.told)) for one in entries]
            self._count(connection, entries)
            self._sign(connection, leaves, first, sizes)
        with unit_of_work(self.engine) as uow:
            rebuild(uow, size=len(entries))

    def replace_waiting(self, forged: Forged) -> None:
        """Put an entry in the place of itself while it waits to be sealed."""
        with self.hands() as connection:
            connection.execute(sa.delete(ENTRY).where(ENTRY.c.id == forged.entry_id))
            connection.execute(sa.insert(ENTRY), [forged.row(None)])

    def waiting(self, entry_id: UUID) -> Forged:
        """Return one entry, wherever it is."""
        with reading(self.engine) as uow:
            return Forged(json.loads(uow.session.get_one(Entry, entry_id).envelope))

    def forge_reason(self, forged: Forged, text: str, *, model: UUID | None = None) -> None:
        """Commit to another reason, and to what else the entry (or its model) says of people."""
        person_id = UUID(str(forged.row(None)["subject_id"]))
        with reading(self.engine) as uow:
            said = disclosed_fields(uow, model or forged.entry_id)
            key = keys_of(uow, [person_id])[person_id]
        values = {**{name: one.value for name, one in said.items()}, REASON: text}
        texts = {name: SaltedText(one, commitments.new_salt()) for name, one in values.items()}
        forged.told = {
            **forged.told,
            "commitments": {
                name: commitments.commit(one.value, one.salt) for name, one in texts.items()
            },
        }
        rows = [
            {
                "entry_id": forged.entry_id,
                "field": name,
                "person_id": person_id,
                "sealed": seal(one, key=key, entry_id=forged.entry_id, field=name),
            }
            for name, one in texts.items()
        ]
        with self.hands() as connection:
            old = sa.delete(DISCLOSURE).where(DISCLOSURE.c.entry_id == forged.entry_id)
            connection.execute(old)
            connection.execute(sa.insert(DISCLOSURE), rows)
        self.change_review(forged.entry_id, reason_text=text)

    def change_review(self, entry_id: UUID, **values: object) -> None:
        """Change the review that an entry records."""
        with self.hands() as connection:
            connection.execute(
                sa.update(REVIEW).where(REVIEW.c.audit_entry_id == entry_id).values(**values)
            )

    def forget_reviews(self, gone: list[Forged]) -> None:
        """Delete the reviews of entries, and let their decisions wait again."""
        ids = [one.entry_id for one in gone]
        with self.hands() as connection:
            reviews = sa.select(REVIEW.c.decision_id).where(REVIEW.c.audit_entry_id.in_(ids))
            decisions = list(connection.execute(reviews).scalars())
            connection.execute(sa.delete(REVIEW).where(REVIEW.c.audit_entry_id.in_(ids)))
            connection.execute(
                sa.update(DECISION)
                .where(DECISION.c.id.in_(decisions))
                .values(state=DecisionState.HELD, outcome=None, settled_at=None)
            )

    def copy_review(self, entry_id: UUID, *, new_entry_id: UUID) -> tuple[UUID, str]:
        """Add a second review like that of an entry; return its id and its reason."""
        review_id = new_id()
        with self.hands() as connection:
            statement = sa.select(REVIEW).where(REVIEW.c.audit_entry_id == entry_id)
            row = dict(connection.execute(statement).mappings().one())
            text = str(row["reason_text"])
            row |= {"id": review_id, "audit_entry_id": new_entry_id}
            connection.execute(sa.insert(REVIEW), [row])
        return review_id, text

    def drop_waiting(self, entry_id: UUID, *, sets_counter_back: bool) -> None:
        """Remove an entry that was never sealed."""
        forged = self.waiting(entry_id)
        self.forget_reviews([forged])
        with self.hands() as connection:
            connection.execute(sa.delete(DISCLOSURE).where(DISCLOSURE.c.entry_id == entry_id))
            connection.execute(sa.delete(ENTRY).where(ENTRY.c.id == entry_id))
            if sets_counter_back:
                self._close_gap(connection, forged)

    @staticmethod
    def _close_gap(connection: Connection, gone: Forged) -> None:
        """Give what the actor did since lower numbers, and set their counter back."""
        actor_id = UUID(gone.actor)
        later = sa.select(ENTRY.c.envelope).where(
            ENTRY.c.actor_id == actor_id,
            ENTRY.c.actor_sequence > gone.told["actor_sequence"],
        )
        ordered = later.order_by(ENTRY.c.actor_sequence)
        for envelope in list(connection.execute(ordered).scalars()):
            one = Forged(json.loads(envelope))
            one.told = {**one.told, "actor_sequence": int(str(one.told["actor_sequence"])) - 1}
            connection.execute(sa.delete(ENTRY).where(ENTRY.c.id == one.entry_id))
            connection.execute(sa.insert(ENTRY), [one.row(None)])
        connection.execute(
            sa.update(COUNTER)
            .where(COUNTER.c.actor_id == actor_id)
            .values(last_sequence=COUNTER.c.last_sequence - 1)
        )

    def _drop_guards(self) -> None:
        if self.engine.dialect.name != "sqlite":
            return  # a superuser of PostgreSQL passes them by, see `hands`
        with self.engine.begin() as connection:
            names = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for name in list(connection.execute(names).scalars()):
                connection.exec_driver_sql(f'DROP TRIGGER "{name}"')

    @staticmethod
    def _number(connection: Connection, entries: list[Forged], first: int) -> None:
        """Give entries numbers without a gap, and put them in their places."""
        connection.execute(sa.delete(ENTRY).where(ENTRY.c.leaf_index >= first))
        last: dict[str, int] = {}
        for forged in entries:
            last[forged.actor] = last.get(forged.actor, 0) + 1
            forged.told = {**forged.told, "actor_sequence": last[forged.actor]}
        rows = [one.row(index) for index, one in enumerate(entries) if index >= first]
        if rows:
            connection.execute(sa.insert(ENTRY), rows)

    @staticmethod
    def _count(connection: Connection, entries: list[Forged]) -> None:
        kept = {one.entry_id for one in entries}
        stored = connection.execute(sa.select(DISCLOSURE.c.entry_id)).scalars()
        for entry_id in {*stored} - kept:
            connection.execute(sa.delete(DISCLOSURE).where(DISCLOSURE.c.entry_id == entry_id))
        connection.execute(sa.delete(COUNTER))
        counted: dict[str, int] = {}
        for one in entries:
            counted[one.actor] = counted.get(one.actor, 0) + 1
        rows = [{"actor_id": UUID(of), "last_sequence": n} for of, n in counted.items()]
        connection.execute(sa.insert(COUNTER), rows)

    def _sign(
        self, connection: Connection, leaves: list[bytes], first: int, sizes: list[int]
    ) -> None:
        connection.execute(sa.delete(CHECKPOINT).where(CHECKPOINT.c.size > first))
        connection.execute(sa.delete(COSIGNATURE).where(COSIGNATURE.c.size > first))
        for size in sorted({*sizes, len(leaves)}):
            if first < size <= len(leaves):
                frontier = Frontier().extend(leaves[:size])
                checkpoint = Checkpoint(self.log_key.origin, size, frontier.root())
                note = self.log_key.sign(checkpoint)
                row = {"size": size, "note": note, "signed_at": clock.now()}
                connection.execute(sa.insert(CHECKPOINT), [row])
        frontier = Frontier().extend(leaves)
        connection.execute(
            sa.update(HEAD).values(size=len(leaves), frontier={"hashes": frontier.to_hex()})
        )
