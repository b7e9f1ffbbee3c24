"""A log of 70,000 entries with a checkpoint around every boundary of tiles; made once."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from audit.actions import Action
from audit.keys import LogKey
from audit.merkle import leaf_hash
from audit.sealing import seal_log
from audit.tables import ENTRY
from folkmoot.kernel import clock
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import UnitOfWork, reading, unit_of_work

SIZES = (1, 255, 256, 257, 65_535, 65_536, 70_000)


def envelope(index: int) -> bytes:
    return b'{"n":%d}' % index


@dataclass(frozen=True)
class LongLog:
    engine: Engine
    key: LogKey

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        return reading(self.engine)

    @property
    def leaves(self) -> list[bytes]:
        return _leaves()


@cache
def _leaves() -> list[bytes]:
    return [leaf_hash(envelope(index)) for index in range(SIZES[-1])]


def fill(engine: Engine, key: LogKey, sizes: tuple[int, ...] = SIZES) -> None:
    """Insert waiting entries, and seal them so that each of these sizes is signed."""
    insert_waiting(engine, range(sizes[-1]))
    before = 0
    for size in sizes:
        with unit_of_work(engine) as uow:
            seal_log(uow, key, batch=size - before)
        before = size


def insert_waiting(engine: Engine, numbers: range, of: Callable[[int], bytes] = envelope) -> None:
    actor, subject, now = new_id(), new_id(), clock.now()
    rows = [
        {
            "id": new_id(),
            "action": Action.POLICY_SET,
            "actor_id": actor,
            "actor_sequence": number + 1,
            "subject_type": "policy",
            "subject_id": subject,
            "recorded_at": now,
            "envelope": of(number),
            "leaf_hash": leaf_hash(of(number)),
        }
        for number in numbers
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(ENTRY), rows)
