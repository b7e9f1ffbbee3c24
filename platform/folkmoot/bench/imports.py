"""Imports of many rows: how fast, whether as fast at the end as at the start, in how much memory.

The file is read by a process of its own, through the service that the worker runs. It is watched
from outside: rows by the database, memory by the system.
"""

import csv
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import click
import psutil

from crowd.importing import import_by_id, request_import, run_import
from folkmoot.bench.crowds import make_people, make_project
from folkmoot.bench.databases import fresh_database
from folkmoot.bench.measure import Figure
from folkmoot.bench.options import db_option
from folkmoot.bootstrap import Services, bootstrap
from folkmoot.kernel.artifacts import chunks_of
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.settings import Settings

LOOK_SECONDS = 0.05
MOST_GROWTH = 1.3
SLOWEST_END = 2.0
MIB = 2**20
_NOTE = "Seen at the clinic in the morning, calm and oriented, no complaints of pain. "


@dataclass(frozen=True)
class Look:
    """What was seen at one moment: seconds since the start, of them on a processor, rows, bytes."""

    seconds: float
    cpu_seconds: float
    rows: int
    memory: int


@db_option
@click.option("--rows", default=1_000_000, show_default=True, help="How many rows to import.")
@click.option(
    "--format",
    "ending",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    default="csv",
    show_default=True,
    help="How the file is written.",
)
@click.option("--places", default=1, show_default=True, help="Labels asked for each task.")
def run(*, kinds: Sequence[str], rows: int, ending: str, places: int) -> Sequence[Figure]:
    """Import one file into a fresh database of each kind."""
    with tempfile.TemporaryDirectory(prefix="folkmoot-bench-") as name:
        file = Path(name) / f"tasks.{ending}"
        _WRITERS[ending](file, rows)
        click.echo(f"{rows:,} rows, {file.stat().st_size / MIB:.0f} MiB of {ending}")
        return [figure for kind in kinds for figure in _measured(kind, file, rows, places)]


def _measured(kind: str, file: Path, rows: int, places: int) -> Iterator[Figure]:
    with fresh_database(kind) as url, tempfile.TemporaryDirectory() as folder:
        services = _services(url, folder)
        looks = _watched(services, _requested(services, file, places), url=url, folder=folder)
        services.engine.dispose()
    marks = [_at(looks, rows * tenth // 10) for tenth in range(11)]
    tenths = list(pairwise(marks))
    speeds = [rows / 10 / max(b.seconds - a.seconds, LOOK_SECONDS) for a, b in tenths]
    costs = [(b.cpu_seconds - a.cpu_seconds) * 1e6 / (rows / 10) for a, b in tenths]
    click.echo(f"{kind}: rows a second by tenth: {', '.join(f'{one:,.0f}' for one in speeds)}")
    click.echo(f"{kind}: processor µs a row: {', '.join(f'{one:,.0f}' for one in costs)}")
    early = max(look.memory for look in looks if look.seconds <= marks[1].seconds)
    late = max(look.memory for look in looks)
    yield Figure(f"{kind}: rows", rows / looks[-1].seconds, "a second")
    # The reader's own processor time hardly depends on what else the machine does.
    yield Figure(f"{kind}: processor time", sum(costs) / len(costs), "µs a row")
    yield Figure(f"{kind}: last tenth against first", costs[-1] / costs[0], "times", SLOWEST_END)
    yield Figure(f"{kind}: peak memory at 10 %", early / MIB, "MiB")
    yield Figure(f"{kind}: peak memory at 100 %", late / MIB, "MiB")
    yield Figure(f"{kind}: growth of the peak", late / early, "times", at_most=MOST_GROWTH)


def _services(url: str, folder: str) -> Services:
    return bootstrap(Settings(database_url=url, data_dir=Path(folder), queue_url=""))


def _requested(services: Services, file: Path, places: int = 1) -> UUID:
    (team,) = make_people(services.engine, 1)
    project = make_project(services.engine, team, floor=places, ceiling=places)
    with (
        file.open("rb") as content,
        services.artifacts.receive(chunks_of(content)) as received,
        services.unit_of_work() as uow,
    ):
        wanted = request_import(
            uow, team, project_id=project.id, file_name=file.name, file=received
        )
    return wanted.id


def _read(url: str, folder: str, import_id: UUID) -> None:
    run_import(_services(url, folder), import_id=import_id)


def _watched(services: Services, import_id: UUID, *, url: str, folder: str) -> list[Look]:
    spawning = multiprocessing.get_context("spawn")
    reader = spawning.Process(target=_read, args=(url, folder, import_id))
    reader.start()
    process = psutil.Process(reader.pid)
    looks: list[Look] = []
    began = None
    while reader.is_alive():
        with services.reading() as uow:
            now = import_by_id(uow, import_id=import_id)
        if now.started_at is not None:
            began = began or now.started_at.timestamp()
            looks.append(_look(process, time.time() - began, now.rows_read))
        if now.state is not WorkState.REQUESTED:
            break
        time.sleep(LOOK_SECONDS)
    reader.join()
    with services.reading() as uow:
        if import_by_id(uow, import_id=import_id).state is not WorkState.FINISHED:
            raise click.ClickException("The import did not come to its end.")
    return looks


def _look(process: psutil.Process, seconds: float, rows: int) -> Look:
    with process.oneshot():
        spent = process.cpu_times()
        return Look(seconds, spent.user + spent.system, rows, process.memory_info().rss)


def _at(looks: Sequence[Look], rows: int) -> Look:
    """Return the first moment at which so many rows were read."""
    return next((look for look in looks if look.rows >= rows), looks[-1])


def _row(number: int) -> dict[str, str | int]:
    return {
        "external_id": f"case-{number:08d}",
        "gold": "yes" if number % 100 == 0 else "",
        "age": 18 + number % 80,
        "ward": f"W{number % 37}",
        "note": _NOTE + str(number),
    }


def _write_csv(file: Path, rows: int) -> None:
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, fieldnames=list(_row(0)))
        writer.writeheader()
        writer.writerows(map(_row, range(rows)))


def _write_json_lines(file: Path, rows: int) -> None:
    with file.open("w", encoding="utf-8") as text:
        for number in range(rows):
            filled = {name: cell for name, cell in _row(number).items() if cell != ""}
            text.write(json.dumps(filled) + "\n")


def _write_parquet(file: Path, rows: int) -> None:
    import pyarrow as pa  # noqa: PLC0415  # heavy, and needed for this format alone
    from pyarrow import parquet  # noqa: PLC0415

    schema = pa.Table.from_pylist([_row(0)]).schema
    with parquet.ParquetWriter(file, schema) as writer:
        for start in range(0, rows, 50_000):
            some = [_row(number) for number in range(start, min(rows, start + 50_000))]
            for row in some:
                row["gold"] = row["gold"] or None  # type: ignore[assignment]  # Arrow takes it
            writer.write_table(pa.Table.from_pylist(some, schema=schema))


_WRITERS: dict[str, Callable[[Path, int], None]] = {
    "csv": _write_csv,
    "jsonl": _write_json_lines,
    "parquet": _write_parquet,
}
