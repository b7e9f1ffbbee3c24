"""`folkmoot consensus`: from files of labels to a file of answers, here or on a Dask cluster."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from crowd.aggregation.label_tables import Columns, columns_named
from crowd.aggregation.listening import heard_by
from crowd.aggregation.nominal_methods import NOMINAL_METHODS
from crowd.aggregation.partitioned import Engine, LocalEngine
from crowd.aggregation.row_order import Repeats
from crowd.partitions.file_consensus import Finished, Wanted, about_path, aggregate_files
from folkmoot.kernel.errors import ConfigurationError, InvalidInput

_METHODS = {name.replace("_", "-"): kind for name, kind in NOMINAL_METHODS.items()}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("labels", nargs=-1, required=True)
@click.option("--method", type=click.Choice(list(_METHODS)), default="ensemble", show_default=True)
@click.option("--gold", type=_FILE, help="Known answers: a file with the columns task and label.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("answers.parquet"),
    show_default=True,
    help="Where the answers go: .parquet, .csv, or a new folder of Parquet parts.",
)
@click.option(
    "--annotators", type=click.Path(path_type=Path), help="Where to write how reliable each is."
)
@click.option(
    "--repeats",
    type=click.Choice([each.value for each in Repeats]),
    default=Repeats.REFUSE.value,
    show_default=True,
    help="What an annotator's second label on a task is: a mistake, or the one that counts.",
)
@click.option(
    "--columns",
    default=",".join(Columns()),
    show_default=True,
    metavar="TASK,WORKER,LABEL",
    help="What the columns of tasks, annotators and labels are called.",
)
@click.option("--engine", type=click.Choice(["local", "dask"]), default="local", show_default=True)
@click.option(
    "--scheduler", help="Address of a Dask scheduler; else workers start on this machine."
)
@click.option("--partitions", type=click.IntRange(1, 10_000), help="How many to cut into on Dask.")
def command(
    *,
    labels: tuple[str, ...],
    method: str,
    gold: Path | None,
    out: Path,
    annotators: Path | None,
    repeats: str,
    columns: str,
    engine: str,
    scheduler: str | None,
    partitions: int | None,
) -> None:
    """Turn LABELS into one answer a task, with a probability for each class.

    LABELS are CSV or Parquet files, folders of them or patterns, with the columns task, worker and
    label, or as --columns says. How the answers were made is written beside them, as OUT.json.
    """
    if engine == "local" and (scheduler or partitions):
        raise InvalidInput("A scheduler and partitions belong to --engine dask.")
    with _engine(engine, scheduler) as chosen, heard_by(_show):
        try:
            wanted = Wanted(
                labels,
                out,
                gold,
                annotators,
                partitions,
                Repeats(repeats),
                columns_named(columns),
            )
            finished = aggregate_files(chosen, _METHODS[method](), wanted)
        except (ValueError, OSError) as error:
            raise InvalidInput(str(error)) from error
    if sys.stderr.isatty():
        click.echo(err=True)  # ends the line of iterations
    _tell(finished, wanted)


@contextmanager
def _engine(name: str, scheduler: str | None) -> Iterator[Engine]:
    if name == "local":
        yield LocalEngine()
        return
    try:
        from crowd.partitions import dask_engine  # noqa: PLC0415 - an extra, and slow to load
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"--engine dask needs {error.name}, which comes with pip install 'folkmoot[dask]'."
        ) from error
    if scheduler:
        with dask_engine.cluster_at(scheduler) as engine:
            yield engine
    else:
        with dask_engine.local_cluster(os.cpu_count() or 1) as engine:
            yield engine


def _show(iterations: int) -> None:
    """Show how far a model is, where somebody looks on."""
    if sys.stderr.isatty():
        click.echo(f"\rIteration {iterations} ", nl=False, err=True)


def _tell(finished: Finished, wanted: Wanted) -> None:
    size = finished.size
    click.echo(
        f"{size.n_labels:,} labels of {size.n_annotators:,} annotators on {size.n_tasks:,} tasks "
        f"in {size.n_classes:,} classes"
        + (f", in {finished.n_partitions} partitions." if finished.n_partitions > 1 else ".")
    )
    if wanted.gold:
        click.echo(f"The answers of {finished.n_known:,} tasks were known, and are held.")
    ending = "converged after" if finished.converged else "did not converge in"
    click.echo(f"The fit {ending} {finished.n_iterations} iterations.")
    if not finished.converged:
        click.echo("The answers are those of the last iteration.", err=True)
    click.echo(f"Answers: {wanted.out}; how they were made: {about_path(wanted.out)}")
    if wanted.annotators:
        click.echo(f"Annotators: {wanted.annotators}")
