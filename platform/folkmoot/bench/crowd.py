"""Annotators over HTTP through the real server, and what one of their labels costs it.

The server, the database and the annotators are processes apart, on a fresh database. Everything
that was acknowledged is looked up afterwards, and the whole history is recounted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from uuid import UUID

import click
import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from crowd.importing import TaskRow, add_rows
from crowd.integrity import counted_integrity
from crowd.tables import LABEL
from folkmoot.bench.ceilings import by_driver, by_services, ceiling
from folkmoot.bench.crowds import make_people, make_project
from folkmoot.bench.databases import engine_of, fresh_database
from folkmoot.bench.filling import settle
from folkmoot.bench.load import Findings, Orders
from folkmoot.bench.measure import Figure
from folkmoot.bench.options import NUMBERS, db_option
from folkmoot.bench.serving import Cost, Served, load, serving
from folkmoot.identity.models import AccountRole
from folkmoot.identity.permissions import Permission, Role
from folkmoot.identity.tokens import issue_token
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM, Actor
from folkmoot.kernel.unit_of_work import unit_of_work

WARM_UP_SECONDS = 3.0
# More than any machine labels in a second, so that no project runs dry.
LABELS_PER_SECOND = 1000
LABELS_PER_TASK = 3
BATCH = 5000
GOLD_EVERY = 20
# Programs answer at once and alike, which is not what is measured here.
PATIENT = {"too_fast": {"seconds": 1e-6, "run": 1000}, "constant": {"run": 1000}}
CEILING_TASKS = 10_000
CEILING_SECONDS = 10
EMPTY_APP = "folkmoot.bench.empty:app"
# The bars are for this many annotators on two cores, with the load generator on them too.
AT_FULL_LOAD = 16
LEAST_LABELS_PER_SECOND = 400
MOST_P99_MS = 150
MOST_CPU_MS = 4
MOST_GROWTH = 1.5


@dataclass(frozen=True)
class Round:
    """One run: how many annotators, on projects of how many tasks, and what came of it."""

    annotators: int
    tasks: int
    project_ids: Sequence[UUID]
    findings: Findings
    cost: Cost

    @property
    def n_labels(self) -> int:
        """Return how many labels were given while it was measured."""
        return len(self.findings.milliseconds["both"]) + len(self.findings.milliseconds["label"])

    @property
    def cpu_ms(self) -> float:
        """Return what one label cost the web processes and the database's together."""
        return (self.cost.web + self.cost.database) * 1000 / max(1, self.n_labels)


@click.option(
    "--annotators", type=NUMBERS, default="1,4,16", show_default=True, help="How many at once."
)
@click.option("--seconds", type=int, default=30, show_default=True, help="How long each run is.")
@click.option(
    "--tasks", type=NUMBERS, default="1000,100000", show_default=True, help="Tasks of a project."
)
@click.option("--workers", type=int, default=2, show_default=True, help="Processes of the server.")
@click.option("--threads", type=int, default=4, show_default=True, help="Threads of each.")
@db_option
def run(
    *,
    annotators: Sequence[int],
    seconds: int,
    tasks: Sequence[int],
    workers: int,
    threads: int,
    kinds: Sequence[str],
) -> Iterator[Figure]:
    """Measure every number of annotators on every size of project, on each kind of database."""
    for kind in kinds:
        at_full_load: list[Round] = []
        for size in tasks:
            with fresh_database(kind) as url, serving(url, workers=workers, threads=threads) as on:
                for count in annotators:
                    done = _round(url, on, annotators=count, tasks=size, seconds=seconds)
                    yield from _figures(f"{kind}, {size:,} tasks, {count} at once", url, done)
                    at_full_load += [done] if count == max(annotators) else []
        if len(at_full_load) > 1:
            yield from _growth(kind, at_full_load)
        yield from _ceilings(kind, annotators=max(annotators), processes=workers, seconds=seconds)
    yield from _empty(annotators=max(annotators), workers=workers, threads=threads)


def _round(url: str, served: Served, *, annotators: int, tasks: int, seconds: int) -> Round:
    """Make projects and annotators, let them work, and keep what came of it."""
    wanted = (WARM_UP_SECONDS + seconds) * LABELS_PER_SECOND
    n_projects = ceil(wanted / (tasks * LABELS_PER_TASK))
    with engine_of(url) as engine:
        project_ids = [_project(engine, tasks) for _ in range(n_projects)]
        tokens = [_token(engine, one) for one in make_people(engine, annotators)]
        settle(engine)
    orders = Orders(
        port=served.port,
        project_ids=[str(one) for one in project_ids],
        tokens=tokens,
        warm_up_seconds=WARM_UP_SECONDS,
        seconds=seconds,
    )
    findings, cost = load(served, orders)
    return Round(annotators, tasks, project_ids, findings, cost)


def _project(engine: Engine, n_tasks: int) -> UUID:
    """Make an open project with gold, whose posterior decides how many answers a task gets."""
    (team,) = make_people(engine, 1)
    project = make_project(engine, team, floor=3, ceiling=5, gold_share=0.05, watch=PATIENT)
    for start in range(0, n_tasks, BATCH):
        numbers = range(start, min(start + BATCH, n_tasks))
        with unit_of_work(engine) as uow:
            add_rows(uow, project_id=project.id, rows=[_row(number) for number in numbers])
    return project.id


def _row(number: int) -> TaskRow:
    gold = "yes" if number % GOLD_EVERY == 0 else None
    return TaskRow(external_id=f"t{number}", payload={"text": f"Record {number}"}, gold=gold)


def _token(engine: Engine, person: Actor) -> str:
    with unit_of_work(engine) as uow:
        uow.session.add(AccountRole(account_id=person.id, role=Role.ANNOTATOR))
        uow.session.flush()  # what a token may do is read from the rows
        issued = issue_token(
            uow,
            PLATFORM,
            account_id=person.id,
            name="bench",
            scopes=[Permission.LABEL],
            expires_at=clock.now() + timedelta(days=1),
        )
        return issued.text


def _figures(name: str, url: str, done: Round) -> Iterator[Figure]:
    is_full = done.annotators == AT_FULL_LOAD
    n_labels = max(1, done.n_labels)
    yield Figure(
        f"{name}: labels",
        n_labels / done.cost.seconds,
        "per second",
        at_least=LEAST_LABELS_PER_SECOND if is_full else None,
    )
    yield Figure(f"{name}: server's processor", done.cpu_ms, "ms a label", at_most=MOST_CPU_MS)
    yield Figure(f"{name}:   of that, web", done.cost.web * 1000 / n_labels, "ms a label")
    yield Figure(f"{name}:   of that, database", done.cost.database * 1000 / n_labels, "ms a label")
    own = done.findings.cpu_seconds * 1000 / n_labels
    yield Figure(f"{name}: the load generator's", own, "ms a label")
    for kind, meaning in (("both", "label and next lease"), ("label", "label"), ("lease", "lease")):
        milliseconds = done.findings.milliseconds[kind]
        for share in (50, 95, 99) if milliseconds else ():
            bar = MOST_P99_MS if is_full and share == 99 else None
            value = float(np.percentile(milliseconds, share))
            yield Figure(f"{name}: {meaning}, p{share}", value, "ms", at_most=bar)
    yield from _recount(name, url, done)


def _recount(name: str, url: str, done: Round) -> Iterator[Figure]:
    """Look up what was acknowledged, and count what must never have happened."""
    acknowledged = [UUID(one) for one in done.findings.acknowledged]
    with engine_of(url) as engine, unit_of_work(engine) as uow:
        # What autovacuum would have done by now, had the crowd not been in such a hurry.
        uow.session.connection().execute(sa.text("ANALYZE"))
        rows = uow.session.connection().execute(
            sa.select(LABEL.c.id, LABEL.c.task_id, LABEL.c.annotator_id).where(
                LABEL.c.project_id.in_(done.project_ids)
            )
        )
        stored = {row.id: (row.task_id, row.annotator_id) for row in rows}
        found = [counted_integrity(uow, project_id=one) for one in done.project_ids]
    over = sum(one.tasks_over_ceiling + one.places_handed_out_twice for one in found)
    twice = len(stored) - len(set(stored.values())) + len(acknowledged) - len(set(acknowledged))
    missing = len(set(acknowledged) - set(stored)) + sum(one.labels_lost for one in found)
    errors = done.findings.errors
    yield Figure(f"{name}: errors{''.join(errors[:1])}", done.findings.n_errors, "", at_most=0)
    yield Figure(f"{name}: over-assigned", over, "tasks", at_most=0)
    yield Figure(f"{name}: duplicates", twice, "labels", at_most=0)
    yield Figure(f"{name}: missing", missing, f"of {len(acknowledged):,}", at_most=0)


def _ceilings(kind: str, *, annotators: int, processes: int, seconds: int) -> Iterator[Figure]:
    """Do the same work without HTTP, and then without our code."""
    with fresh_database(kind) as url:
        for name, labour in (("without HTTP", by_services), ("SQL on the driver", by_driver)):
            with engine_of(url) as engine:
                project_id = _project(engine, CEILING_TASKS)
                people = [person.id for person in make_people(engine, annotators)]
            yield from ceiling(
                f"{kind}, {name}, {annotators} at once", labour, url, project_id, people,
                processes=processes, seconds=min(seconds, CEILING_SECONDS),
            )  # fmt: skip


def _empty(*, annotators: int, workers: int, threads: int) -> Iterator[Figure]:
    """Ask the same server for nothing."""
    orders = Orders(0, ["none"], ["none"] * annotators, 1.0, CEILING_SECONDS)
    with serving("sqlite://", workers=workers, threads=threads, app=EMPTY_APP) as served:
        findings, cost = load(served, replace(orders, port=served.port))
    n_labels = max(1, sum(map(len, findings.milliseconds.values())))
    yield Figure("empty route: requests", n_labels / cost.seconds, "per second")
    yield Figure("empty route: processor", cost.web * 1000 / n_labels, "ms a request")


def _growth(kind: str, rounds: Sequence[Round]) -> Iterator[Figure]:
    """Compare the largest projects with the smallest."""
    small, large = min(rounds, key=_size), max(rounds, key=_size)
    name = f"{kind}: {large.tasks:,} tasks against {small.tasks:,}"
    slower = (small.n_labels / small.cost.seconds) / max(1, large.n_labels / large.cost.seconds)
    yield Figure(f"{name}, time a label", slower, "times", at_most=MOST_GROWTH)
    yield Figure(f"{name}, processor", large.cpu_ms / small.cpu_ms, "times", at_most=MOST_GROWTH)


def _size(one: Round) -> int:
    return one.tasks
