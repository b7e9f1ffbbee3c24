"""`folkmoot plan`: from a pilot, how many labels a task an accuracy will need, and their cost."""

import csv
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.planning import (
    FEWEST_GOLD,
    MOST_LABELS,
    Forecast,
    LabelsNeeded,
    forecast_accuracy,
    labels_needed,
)
from folkmoot.kernel.errors import InvalidInput

_COLUMNS = ("task", "worker", "label", "gold")
# From here on a replay of the pilot is long enough to be announced.
_MANY_LABELS = 20_000
_MILLISECONDS_A_LABEL = 0.5
_SHOWN = (1, 2, 3, 5, 7, 10, 15, 20, 30, MOST_LABELS)


def _a_price(text: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0:
        raise click.BadParameter(f"{text} is not a price, such as 0.05.")
    return price


def _columns(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if len(names) not in {3, 4} or "" in names or len({*names}) < len(names):
        raise click.BadParameter("Name three or four different columns: task,worker,label,gold.")
    return names


@click.command()
@click.argument("pilot", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--accuracy", type=click.FloatRange(0.5, 0.999), required=True, help="What to reach, as 0.95."
)
@click.option(
    "--tasks", type=click.IntRange(min=1), help="Tasks to label; the pilot's if not given."
)
@click.option("--price", type=_a_price, metavar="DECIMAL", help="What one label costs, as 0.05.")
@click.option(
    "--columns",
    type=_columns,
    default=",".join(_COLUMNS),
    show_default=True,
    metavar="TASK,WORKER,LABEL,GOLD",
    help="What the columns are called; gold may be left out.",
)
def command(
    *,
    pilot: Path,
    accuracy: float,
    tasks: int | None,
    price: Decimal | None,
    columns: tuple[str, ...],
) -> None:
    """Say from PILOT how many labels a task an accuracy will need.

    PILOT is a CSV file with the columns task, worker and label, a row per label. A column gold
    with the right answer of a task, where it is known, makes the plan far more trustworthy.
    """
    matrix, known = read_pilot(pilot, columns)
    if matrix.n_labels > _MANY_LABELS:
        minutes = matrix.n_labels * _MILLISECONDS_A_LABEL / 60_000
        click.echo(f"The pilot is replayed, which may take {minutes:.1f} minutes.", err=True)
    try:
        forecast = forecast_accuracy(matrix, known)
    except ValueError as error:
        raise InvalidInput(str(error)) from error
    needed = labels_needed(forecast, accuracy)
    _tell_pilot(matrix, forecast, known)
    _tell_curve(forecast)
    _tell_need(needed, forecast, accuracy)
    _tell_cost(needed, tasks or matrix.n_tasks, price)


def read_pilot(path: Path, columns: Sequence[str] = _COLUMNS) -> tuple[LabelMatrix, dict[int, int]]:
    """Read the labels, and the gold by task index. Raise InvalidInput for a file of other kind.

    columns: names of those of tasks, annotators, labels and, if there is one, gold.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows, found = list(reader), reader.fieldnames or ()
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{path.name} is not a CSV file in UTF-8: {error}.") from error
    _check_columns(path, columns, found)
    task, worker, label, *last = columns
    gold = {row[task]: row[name] for row in rows for name in last if row.get(name)}
    classes = sorted({*(row[label] for row in rows if row[label]), *gold.values()})
    try:
        matrix = LabelMatrix.from_labels(
            [(row[task], row[worker], row[label]) for row in rows], classes=classes
        )
    except ValueError as error:
        raise InvalidInput(f"{path.name}: {error}") from error
    return matrix, matrix.known_indices(gold)


def _check_columns(path: Path, wanted: Sequence[str], found: Sequence[str]) -> None:
    missing = [name for name in wanted[:3] if name not in found]
    if missing:
        raise InvalidInput(
            f"{path.name} has no column {' and no '.join(missing)}; "
            f"the columns are: {', '.join(found) or 'none'}."
        )
    twice = [name for name in wanted if found.count(name) > 1]
    if twice:
        raise InvalidInput(f"{path.name} has more than one column {twice[0]}.")


def _tell_pilot(matrix: LabelMatrix, forecast: Forecast, known: dict[int, int]) -> None:
    click.echo(
        f"The pilot: {matrix.n_labels:,} labels of {matrix.n_annotators:,} annotators "
        f"on {matrix.n_tasks:,} tasks, {len(known):,} of them with gold."
    )
    if not forecast.n_gold:
        click.echo(
            f"With gold for fewer than {FEWEST_GOLD} tasks nothing shows where annotators err "
            "together. What follows is what the labels say of themselves; on public crowds that "
            "was wrong by ten points and more. Give gold for 100 tasks before you rely on it."
        )


def _tell_curve(forecast: Forecast) -> None:
    click.echo("\nlabels a task  accuracy  95 % limits")
    for labels in _SHOWN:
        place = labels - 1
        how = "measured" if labels <= forecast.n_measured else "expected"
        limits = f"{forecast.low[place]:.1%} to {forecast.high[place]:.1%}"
        click.echo(f"{labels:>13}  {forecast.accuracy[place]:>8.1%}  {limits}, {how}")


def _tell_need(needed: LabelsNeeded, forecast: Forecast, accuracy: float) -> None:
    click.echo("")
    if needed.labels is None:
        click.echo(
            f"{accuracy:.1%} will probably not be reached by more labels: accuracy levels off near "
            f"{forecast.most:.1%} ({forecast.most_low:.1%} to {forecast.most_high:.1%}), since "
            "some tasks lead most annotators to the same wrong answer. Clearer instructions, "
            "training, or experts for such tasks will help more."
        )
        if needed.low is not None:
            click.echo(f"At best {needed.low} labels a task would do.")
        return
    limits = f"between {needed.low} and {needed.high}"
    if needed.high is None:
        limits = f"{needed.low} at best, and it may be that no number reaches it"
    click.echo(f"{accuracy:.1%} needs about {needed.labels} labels a task ({limits}).")


def _tell_cost(needed: LabelsNeeded, tasks: int, price: Decimal | None) -> None:
    if needed.labels is None:
        return
    totals = [tasks * each for each in (needed.labels, needed.low, needed.high) if each is not None]
    click.echo(f"For {tasks:,} tasks: {_and_limits([f'{total:,}' for total in totals])} labels.")
    if price is not None:
        costs = [f"{total * price:,.2f}" for total in totals]
        click.echo(f"At {price} a label: {_and_limits(costs)}.")
    click.echo("A project that stops asking once it is sure needs fewer.")


def _and_limits(numbers: Sequence[str]) -> str:
    expected, *limits = numbers
    return f"{expected} ({' to '.join(limits)})" if len(limits) > 1 else f"{expected} or more"
