"""Processes behind a barrier, and one place left: who gets it, and what becomes of the others.

Three races, each run many times on a real database by processes of their own:

last place     everybody asks for the next task where one place is left: exactly one gets it
last answers   two annotators answer the last two places together: the task must be complete
late answers   everybody's lease ran out and everybody answers: one takes the place that is left,
               the others are kept as surplus
"""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Barrier
from uuid import UUID

import click
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from crowd.integrity import counted_integrity
from crowd.labelling import submit_label
from crowd.leasing import next_lease
from crowd.models import Fate, TaskState
from crowd.tables import LABEL, LEASE, PLACE, TASK
from folkmoot.bench.crowds import add_tasks, make_people, make_project
from folkmoot.bench.databases import engine_of, fresh_database
from folkmoot.bench.measure import Figure
from folkmoot.bench.options import NUMBERS, db_option
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.unit_of_work import reading, unit_of_work

PATIENCE_SECONDS = 120
# Children start from a server that has loaded us: dozens of them would load for minutes.
PRELOADED = ["folkmoot.bench.contention"]


@dataclass(frozen=True)
class Runner:
    """What one process does: for each trial, one act at the same moment as the others."""

    url: str
    annotator_id: UUID
    subjects: Sequence[UUID]


Act = Callable[[Engine, UUID, UUID], None]


@db_option
@click.option(
    "--processes",
    type=NUMBERS,
    default="2,5,20,64",
    show_default=True,
    help="How many race; one measurement for each.",
)
@click.option("--trials", default=200, show_default=True, help="Races of each kind.")
def run(*, kinds: Sequence[str], processes: Sequence[int], trials: int) -> Sequence[Figure]:
    """Race, and count what should never happen."""
    return list(contend(kinds, processes, trials))


def contend(kinds: Sequence[str], processes: Sequence[int], trials: int) -> Iterator[Figure]:
    """Run every race on every kind of database with every number of processes."""
    for kind in kinds:
        with fresh_database(kind) as url, engine_of(url) as engine:
            team, *people = make_people(engine, 1 + max(processes))
            for count in processes:
                racers = people[:count]
                name = f"{kind}, {count} processes"
                yield from _last_place(name, engine, team, racers, trials)
                yield from _last_answers(name, engine, team, racers, trials)
                yield from _late_answers(name, engine, team, racers, max(1, trials // 10))


def _last_place(
    name: str, engine: Engine, team: Actor, racers: Sequence[Actor], trials: int
) -> Iterator[Figure]:
    projects = [_project_of_one(engine, team, places=1) for _ in range(trials)]
    _race(engine, ask_for_task, [(racer, projects) for racer in racers])
    granted = _granted(engine, projects)
    over = sum(count > 1 for count in granted)
    yield Figure(f"{name}: one place given to two", over, f"of {trials}", at_most=0)
    yield Figure(f"{name}: one place given to none", granted.count(0), f"of {trials}", at_most=0)


def _last_answers(
    name: str, engine: Engine, team: Actor, racers: Sequence[Actor], trials: int
) -> Iterator[Figure]:
    first, second = racers[0], racers[1]
    projects = [_project_of_one(engine, team, places=2) for _ in range(trials)]
    held = [
        (racer, [_lease(engine, project_id, racer.id) for project_id in projects])
        for racer in (first, second)
    ]
    _race(engine, answer, held)
    with reading(engine) as uow:
        stuck = sum(counted_integrity(uow, project_id=one).tasks_stuck for one in projects)
        complete = uow.session.connection().execute(
            sa.select(sa.func.count()).where(
                TASK.c.project_id.in_(projects), TASK.c.state == TaskState.COMPLETE
            )
        )
        unfinished = trials - int(complete.scalar_one())
    yield Figure(f"{name}: stuck after two last answers", stuck, f"of {trials}", at_most=0)
    yield Figure(f"{name}: not complete after both", unfinished, f"of {trials}", at_most=0)


def _late_answers(
    name: str, engine: Engine, team: Actor, racers: Sequence[Actor], trials: int
) -> Iterator[Figure]:
    projects = [_project_of_one(engine, team, places=1) for _ in range(trials)]
    held = [
        (racer, [_lease_that_ran_out(engine, project_id, racer.id) for project_id in projects])
        for racer in racers
    ]
    _race(engine, answer, held)
    accepted = _count_labels(engine, projects, Fate.ACCEPTED)
    kept = accepted + _count_labels(engine, projects, Fate.SURPLUS)
    missing = trials * len(racers) - kept
    yield Figure(f"{name}: accepted beyond the place", accepted - trials, "labels", at_most=0)
    yield Figure(f"{name}: late answers lost", missing, f"of {trials * len(racers)}", at_most=0)


def ask_for_task(engine: Engine, annotator_id: UUID, project_id: UUID) -> None:
    """Ask for the next task of a project."""
    with unit_of_work(engine) as uow:
        next_lease(uow, project_id=project_id, annotator_id=annotator_id)


def answer(engine: Engine, annotator_id: UUID, lease_id: UUID) -> None:
    """Answer a leased task."""
    with unit_of_work(engine) as uow:
        submit_label(
            uow, annotator_id=annotator_id, lease_id=lease_id, answer="yes", active_seconds=1.0
        )


def _race(engine: Engine, act: Act, entries: Sequence[tuple[Actor, Sequence[UUID]]]) -> None:
    """Run one process for each entry; before every trial all of them wait for one another."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    barrier = context.Barrier(len(entries))
    url = engine.url.render_as_string(hide_password=False)
    runners = [Runner(url, actor.id, subjects) for actor, subjects in entries]
    _wait_for([_started(context, barrier, act, runner) for runner in runners])


def _started(
    context: ForkServerContext, barrier: Barrier, act: Act, runner: Runner
) -> multiprocessing.process.BaseProcess:
    process = context.Process(target=_run, args=(barrier, act, runner), daemon=True)
    process.start()
    return process


def _wait_for(processes: Sequence[multiprocessing.process.BaseProcess]) -> None:
    for process in processes:
        process.join()
    failed = [process.exitcode for process in processes if process.exitcode]
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(processes)} racing processes failed")


def _run(barrier: Barrier, act: Act, runner: Runner) -> None:
    with engine_of(runner.url) as engine:
        engine.connect().close()  # nobody should lose the first race by connecting
        for subject in runner.subjects:
            barrier.wait(PATIENCE_SECONDS)
            act(engine, runner.annotator_id, subject)


def _project_of_one(engine: Engine, team: Actor, *, places: int) -> UUID:
    project = make_project(engine, team, floor=places, ceiling=places)
    add_tasks(engine, project.id, ["last"])
    return project.id


def _lease(engine: Engine, project_id: UUID, annotator_id: UUID) -> UUID:
    with unit_of_work(engine) as uow:
        leased = next_lease(uow, project_id=project_id, annotator_id=annotator_id)
    if leased is None:
        raise RuntimeError("a fresh project had no task to give")
    return leased.lease_id


def _lease_that_ran_out(engine: Engine, project_id: UUID, annotator_id: UUID) -> UUID:
    lease_id = _lease(engine, project_id, annotator_id)
    past = clock.now() - timedelta(minutes=1)
    with unit_of_work(engine) as uow:
        connection = uow.session.connection()
        connection.execute(
            sa.update(PLACE).where(PLACE.c.lease_id == lease_id).values(leased_until=past)
        )
        connection.execute(sa.update(LEASE).where(LEASE.c.id == lease_id).values(expires_at=past))
    return lease_id


def _granted(engine: Engine, projects: Sequence[UUID]) -> list[int]:
    counted = sa.select(LEASE.c.project_id, sa.func.count()).group_by(LEASE.c.project_id)
    with reading(engine) as uow:
        rows = uow.session.connection().execute(counted.where(LEASE.c.project_id.in_(projects)))
        by_project = {row[0]: row[1] for row in rows}
    return [by_project.get(project_id, 0) for project_id in projects]


def _count_labels(engine: Engine, projects: Sequence[UUID], fate: Fate) -> int:
    counted = sa.select(sa.func.count()).where(
        LABEL.c.project_id.in_(projects), LABEL.c.fate == fate
    )
    with reading(engine) as uow:
        return int(uow.session.connection().execute(counted).scalar_one())
