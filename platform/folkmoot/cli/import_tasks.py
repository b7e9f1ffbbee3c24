"""`folkmoot import`: add a file of tasks to a project, and watch it being read."""

import shutil
import sys
import time
from pathlib import Path
from threading import Thread
from uuid import UUID

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from crowd.importing import import_by_id, request_import, unfinished_import
from crowd.models import TaskImport
from crowd.problem_files import problems_path
from crowd.projects import project_by_slug
from folkmoot.bootstrap import Services
from folkmoot.cli.opening import open_services
from folkmoot.jobs.running import run_claimed
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.artifacts import chunks_of
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.outbox import WorkState, failure_of, open_job
from folkmoot.kernel.unit_of_work import UnitOfWork

LOOK_SECONDS = 0.2
REFUSED_SOME = 3


@click.command()
@click.argument("project")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def command(*, project: str, file: Path) -> None:
    """Add FILE to PROJECT, which is named as in its address. The same again goes on.

    Exits with 0 where every row was taken or known, with 3 where some were refused, and with 1
    where the file could not be read to its end.
    """
    services = open_services()
    import_id = _requested(services, project, file)
    finished = _watched(services, import_id)
    _tell(services, finished, beside=file)
    if finished.state is not WorkState.FINISHED:
        sys.exit(1)
    sys.exit(REFUSED_SOME if finished.refused else 0)


def _requested(services: Services, slug: str, file: Path) -> UUID:
    """Return the import of this very file that has not come to its end, or ask for a new one."""
    with (
        file.open("rb") as content,
        services.artifacts.receive(chunks_of(content)) as received,
        services.unit_of_work() as uow,
    ):
        project_id = _named(uow, slug)
        begun = unfinished_import(uow, project_id=project_id, file_digest=received.digest)
        if begun is not None:
            click.echo(f"This file was begun before; it goes on after row {begun.rows_read:,}.")
            return begun.id
        return request_import(
            uow, PLATFORM, project_id=project_id, file_name=file.name, file=received
        ).id


def _named(uow: UnitOfWork, slug: str) -> UUID:
    try:
        return project_by_slug(uow, slug=slug).id
    except NotFound as error:
        raise NotFound(f"There is no project “{slug}”. Its name is in its address.") from error


def _watched(services: Services, import_id: UUID) -> TaskImport:
    """Read the file here, unless a worker has taken it; show how far it is until its end."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        shown = progress.add_task("Importing", total=None, rows=0)
        reader: Thread | None = None
        while (now := _shown(services, import_id, progress, shown)).state is WorkState.REQUESTED:
            if reader is None or not reader.is_alive():
                reader = Thread(target=_read_here, args=(services, import_id), daemon=True)
                reader.start()
            reader.join(LOOK_SECONDS)
            time.sleep(0 if reader.is_alive() else LOOK_SECONDS)
    if reader is not None:
        reader.join()  # the job's own row is written last
    return now


def _shown(services: Services, import_id: UUID, progress: Progress, shown: TaskID) -> TaskImport:
    with services.reading() as uow:
        now = import_by_id(uow, import_id=import_id)
    progress.update(shown, total=now.n_bytes, completed=now.bytes_read, rows=now.rows_read)
    return now


def _read_here(services: Services, import_id: UUID) -> None:
    with services.reading() as uow:
        job = open_job(uow, subject_id=import_id)
    if job is not None:
        run_claimed(services, job.id)


def _tell(services: Services, finished: TaskImport, *, beside: Path) -> None:
    click.echo(
        f"{finished.added:,} added, {finished.known:,} known or repeated, "
        f"{finished.refused:,} refused."
    )
    if finished.state is WorkState.CANCELLED:
        click.echo("The import was broken off; the tasks that it had added stay.", err=True)
    if finished.state is WorkState.FAILED:
        with services.reading() as uow:
            click.echo(failure_of(uow, subject_id=finished.id), err=True)
    if finished.problems_bytes:
        kept = problems_path(services.artifacts, finished)
        click.echo(f"Rows to look at: {_copied_beside(kept, beside)}")


def _copied_beside(kept: Path, file: Path) -> Path:
    """Return a copy of the rows to look at beside the file, or where they lie if that fails."""
    wanted = file.with_name(f"{file.stem}.problems.csv")
    try:
        shutil.copyfile(kept, wanted)
    except OSError:
        return kept
    return wanted
