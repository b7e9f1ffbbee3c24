"""`kill -9` of web, worker, queue and database in turn, while annotators work.

An answer is acknowledged once the client has its id. Afterwards everything is recounted: none of
those may be missing or counted twice, and when the leases of the dead have run out, the crowd
must be able to finish every task.
"""

import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import UUID

import click
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from crowd.integrity import counted_integrity
from crowd.models import TaskState
from crowd.tables import LABEL, TASK
from folkmoot.bench.crowds import ANSWERS, add_tasks, make_people, make_project
from folkmoot.bench.house import House, kill, open_house
from folkmoot.bench.measure import Figure
from folkmoot.bench.options import db_option
from folkmoot.identity.permissions import Role
from folkmoot_client import Connection, Refused
from folkmoot_client.connection import JsonObject

VICTIMS = {
    "sqlite": ("web", "worker", "Valkey"),
    "postgres": ("PostgreSQL", "web", "worker", "Valkey"),
}
ANNOTATORS, FLOOR, CEILING, LEASE_SECONDS = 4, 3, 4, 10
LABELS_BETWEEN_KILLS = 30
# A program that is killed again at once is not under load: the supervisor lets it rest.
SECONDS_BETWEEN_KILLS = 3.0
PATIENCE_SECONDS = 300


@dataclass
class Shift:
    """What the annotators' programs know: the answers that were acknowledged to them."""

    project_id: UUID
    connections: Sequence[Connection]
    acknowledged: list[UUID] = field(default_factory=list)
    abandoned: int = 0
    is_over: bool = False


@db_option
@click.option("--kills", default=20, show_default=True, help="Kills on each database.")
def run(*, kinds: Sequence[str], kills: int) -> Sequence[Figure]:
    """Kill, and count what should never happen."""
    return list(kill_in_turn(kinds, kills))


def kill_in_turn(kinds: Sequence[str], kills: int) -> Iterator[Figure]:
    """Kill so many times on each kind of database, and recount."""
    for kind in kinds:
        with open_house(kind) as house:
            shift = _shift(house, kills)
            with ThreadPoolExecutor(ANNOTATORS) as pool:
                days = [pool.submit(_label, shift, one, seed) for seed, one in _seeded(shift)]
                try:
                    done = _kill(shift, VICTIMS[kind], kills, days)
                    _finish(house, shift)
                finally:
                    shift.is_over = True  # else the others would label for ever where one failed
                for day in days:
                    day.result(timeout=PATIENCE_SECONDS)
            yield from _recount(kind, house, shift, done)


def _shift(house: House, kills: int) -> Shift:
    engine = house.services.engine
    (team,) = make_people(engine, 1)
    project = make_project(
        engine, team, floor=FLOOR, ceiling=CEILING, lease_seconds=LEASE_SECONDS, confidence=0.95
    )
    n_tasks = max(20, kills * LABELS_BETWEEN_KILLS // 4)
    add_tasks(engine, project.id, [f"t{number}" for number in range(n_tasks)])
    connections = [house.connection(Role.ANNOTATOR) for _ in range(ANNOTATORS)]
    return Shift(project.id, connections)


def _seeded(shift: Shift) -> Iterator[tuple[int, Connection]]:
    yield from enumerate(shift.connections)


def _label(shift: Shift, connection: Connection, seed: int) -> None:
    """Label until the shift is over; now and then let a task lie, as people do."""
    dice = random.Random(seed)  # noqa: S311  # no secret
    while not shift.is_over:
        lease = _next_lease(shift, connection)
        while lease is not None and not shift.is_over:
            if dice.random() < 0.03:
                shift.abandoned += 1
                break
            body = {
                "lease_id": lease["lease_id"],
                "answer": dice.choice(ANSWERS),
                "active_seconds": 1,
                "lease_next": True,
            }
            answered = connection.post(f"/projects/{shift.project_id}/labels", body)
            shift.acknowledged.append(UUID(answered["label"]["id"]))
            lease = answered["lease"]
        time.sleep(0.2)


def _next_lease(shift: Shift, connection: Connection) -> JsonObject | None:
    try:
        lease: JsonObject | None = connection.post(f"/projects/{shift.project_id}/leases")["lease"]
    except Refused as refusal:
        if refusal.status != HTTPStatus.CONFLICT:
            raise
        return None  # they let as many lie as one may hold, until those run out
    return lease


def _kill(shift: Shift, victims: Sequence[str], kills: int, days: Sequence[Future[None]]) -> int:
    """Kill the programs in turn, each time when so many more answers were acknowledged."""
    done = 0
    for number in range(kills):
        enough = len(shift.acknowledged) + LABELS_BETWEEN_KILLS
        deadline = time.monotonic() + SECONDS_BETWEEN_KILLS * 10
        time.sleep(SECONDS_BETWEEN_KILLS)
        while len(shift.acknowledged) < enough and time.monotonic() < deadline:
            _raise_failures(days)
            time.sleep(0.05)
        kill(victims[number % len(victims)])
        done += 1
    return done


def _raise_failures(days: Sequence[Future[None]]) -> None:
    for day in days:
        if day.done():
            day.result()


def _finish(house: House, shift: Shift) -> None:
    """Let the crowd go on until no task is open, or nothing moves any more."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(OperationalError):  # the database may be starting still
            if _open_tasks(house, shift) == 0:
                break
        time.sleep(0.5)
    shift.is_over = True


def _open_tasks(house: House, shift: Shift) -> int:
    with house.services.reading() as uow:
        statement = sa.select(sa.func.count()).where(
            TASK.c.project_id == shift.project_id, TASK.c.state == TaskState.OPEN
        )
        return int(uow.session.connection().execute(statement).scalar_one())


def _recount(kind: str, house: House, shift: Shift, kills: int) -> Iterator[Figure]:
    with house.services.reading() as uow:
        labels = (
            uow.session.connection()
            .execute(
                sa.select(LABEL.c.id, LABEL.c.task_id, LABEL.c.annotator_id).where(
                    LABEL.c.project_id == shift.project_id
                )
            )
            .all()
        )
        integrity = counted_integrity(uow, project_id=shift.project_id)
    stored = {label.id for label in labels}
    answered = {(label.task_id, label.annotator_id) for label in labels}
    lost = set(shift.acknowledged) - stored
    twice = len(labels) - len(answered) + len(shift.acknowledged) - len(set(shift.acknowledged))
    violations = sum(vars(integrity).values())
    yield Figure(f"{kind}: kills", kills, "times")
    yield Figure(f"{kind}: labels acknowledged", len(shift.acknowledged), "labels")
    yield Figure(f"{kind}: tasks let lie by their annotators", shift.abandoned, "leases")
    yield Figure(f"{kind}: acknowledged labels lost", len(lost), "labels", at_most=0)
    yield Figure(f"{kind}: labels counted twice", twice, "labels", at_most=0)
    yield Figure(f"{kind}: tasks stuck", _open_tasks(house, shift), "tasks", at_most=0)
    yield Figure(f"{kind}: what the recount finds", violations, "violations", at_most=0)
