"""How long a lease and a label take as a project grows, through the services and a real database.

Each kind of database holds a project of every size at once, and each round asks all of them in
turn, so that a noisy machine troubles all sizes alike. Three cases, one after another:

10 % done        somebody has answered the first tenth
90 % done        and then nine tenths
done at the head a second label is asked for of all that: nine tenths of the project wait at the
                 head of the queue, and this annotator has answered all of them
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import quantiles

import click
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from crowd.labelling import submit_label
from crowd.leasing import next_lease
from crowd.tables import RECORD
from folkmoot.bench.crowds import make_people, make_project
from folkmoot.bench.databases import engine_of, fresh_database
from folkmoot.bench.filling import Filling, ask_again, fill, finish, settle
from folkmoot.bench.measure import Figure
from folkmoot.bench.options import NUMBERS, db_option
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import InvalidInput
from folkmoot.kernel.unit_of_work import unit_of_work

MOST_GROWTH = 2.0
_WARM_UP = 5
_UNWATCHED = {pattern: {"action": "off"} for pattern in ("too_fast", "constant")}


@dataclass
class _Times:
    """Seconds of each lease and of each label."""

    lease: list[float] = field(default_factory=list)
    label: list[float] = field(default_factory=list)


@click.option(
    "--tasks",
    "sizes",
    type=NUMBERS,
    default="1000,10000,100000,1000000",
    show_default=True,
    help="How many tasks the projects have, separated by commas.",
)
@click.option("--rounds", default=90, show_default=True, help="Labels of each project and case.")
@db_option
def run(*, kinds: Sequence[str], sizes: Sequence[int], rounds: int) -> Sequence[Figure]:
    """Measure leases and labels in projects of every size on every kind of database."""
    return [figure for kind in kinds for figure in _of_kind(kind, sorted(sizes), rounds)]


def _of_kind(kind: str, sizes: Sequence[int], rounds: int) -> Iterator[Figure]:
    with fresh_database(kind) as url, engine_of(url) as engine:
        team, veteran, *people = make_people(engine, 4)
        fillings = [_filled(engine, team, veteran, size) for size in sizes]
        for share, person in zip((0.1, 0.9), people, strict=True):
            for filling in fillings:
                _finish_up_to(engine, filling, share, measured=rounds + _WARM_UP)
            settle(engine)
            yield from _measured(f"{kind}, {share:.0%} done", engine, fillings, person, rounds)
        for filling in fillings:
            ask_again(engine, filling, end=int(filling.size * 0.9))
            _remember_search(engine, filling)
        settle(engine)
        yield from _measured(f"{kind}, done at the head", engine, fillings, veteran, rounds)


def _filled(engine: Engine, team: Actor, veteran: Actor, size: int) -> Filling:
    began = time.perf_counter()
    project = make_project(engine, team, floor=1, ceiling=1, watch=_UNWATCHED)
    filling = Filling(size, project, size, veteran)
    fill(engine, filling)
    click.echo(f"{size:,} tasks in {time.perf_counter() - began:.0f} s")
    return filling


def _finish_up_to(engine: Engine, filling: Filling, share: float, *, measured: int) -> None:
    # What was answered while the first case was measured lies just after the first tenth.
    first = 0 if share <= 0.1 else int(filling.size * 0.1) + measured
    end = int(filling.size * share)
    if end + measured > filling.size:
        raise InvalidInput("So many rounds need larger projects.")
    finish(engine, filling, first=first, end=end)


def _remember_search(engine: Engine, filling: Filling) -> None:
    """Let the veteran's search stand where the work has brought it: after what they have done."""
    with engine.begin() as connection:
        connection.execute(
            sa.insert(RECORD).values(
                project_id=filling.project.id,
                annotator_id=filling.veteran.id,
                n_labels=int(filling.size * 0.9),
                gold_seen=0,
                gold_right=0,
                active_seconds=1.0,
                cursors={"0": int(filling.size * 0.9) - 1},
            )
        )


def _measured(
    name: str, engine: Engine, fillings: Sequence[Filling], person: Actor, rounds: int
) -> Iterator[Figure]:
    times = {filling.size: _Times() for filling in fillings}
    for turn in range(-_WARM_UP, rounds):
        for filling in fillings:
            kept = times[filling.size] if turn >= 0 else _Times()
            _cycle(engine, filling, person, kept)
    for what, seconds_of in (("lease", _leases), ("label", _labels)):
        for size, taken in times.items():
            middle, slow = _p50_and_p95(seconds_of(taken))
            yield Figure(f"{name}, {size:,} tasks: {what} p50", middle * 1000, "ms")
            yield Figure(f"{name}, {size:,} tasks: {what} p95", slow * 1000, "ms")
        yield _growth(f"{name}: {what} p95", [seconds_of(taken) for taken in times.values()])


def _cycle(engine: Engine, filling: Filling, person: Actor, times: _Times) -> None:
    began = time.perf_counter()
    with unit_of_work(engine) as uow:
        leased = next_lease(uow, project_id=filling.project.id, annotator_id=person.id)
    between = time.perf_counter()
    if leased is None:
        raise RuntimeError(f"the project of {filling.size:,} tasks had none to give")
    with unit_of_work(engine) as uow:
        submit_label(
            uow,
            annotator_id=person.id,
            lease_id=leased.lease_id,
            answer="yes",
            active_seconds=1.0,
        )
    times.lease.append(between - began)
    times.label.append(time.perf_counter() - between)


def _growth(name: str, by_size: Sequence[Sequence[float]]) -> Figure:
    smallest, largest = _p50_and_p95(by_size[0])[1], _p50_and_p95(by_size[-1])[1]
    return Figure(f"{name}, largest to smallest", largest / smallest, "times", at_most=MOST_GROWTH)


def _p50_and_p95(seconds: Sequence[float]) -> tuple[float, float]:
    cuts = quantiles(seconds, n=20, method="inclusive")
    return cuts[9], cuts[18]


def _leases(times: _Times) -> Sequence[float]:
    return times.lease


def _labels(times: _Times) -> Sequence[float]:
    return times.label
