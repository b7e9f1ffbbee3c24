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

_COLUMNS = ("task", "worker", "label")
_SHOWN = (1, 2, 3, 5, 7, 10, 15, 20, 30, MOST_LABELS)


def _a_price(text: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0:
        raise click.BadParameter(f"{text} is not a price, such as 0.05.")
    return price


@click.command()
@click.argument("pilot", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--accuracy", type=click.FloatRange(0.5, 0.999), required=True, help="What to reach, as 0.95."
)
@click.option(
    "--tasks", type=click.IntRange(min=1), help="Tasks to label; the pilot's if not given."
)
@click.option("--price", type=_a_price, metavar="DECIMAL", help="What one label costs, as 0.05.")
def command(*, pilot: Path, accuracy: float, tasks: int | None, price: Decimal | None) -> None:
    """Say from PILOT how many labels a task an accuracy will need.

    PILOT is a CSV file with the columns task, worker and label, a row per label. A column gold
    with the right answer of a task, where it is known, makes the plan far more trustworthy.
    """
    matrix, known = read_pilot(pilot)
    try:
        forecast = forecast_accuracy(matrix, known)
    except ValueError as error:
        raise InvalidInput(str(error)) from error
    needed = labels_needed(forecast, accuracy)
    _tell_pilot(matrix, forecast, known)
    _tell_curve(forecast)
    _tell_need(needed, forecast, accuracy)
    _tell_cost(needed, tasks or matrix.n_tasks, price)


def read_pilot(path: Path) -> tuple[LabelMatrix, dict[int, int]]:
    """Read the labels, and the gold by task index. Raise InvalidInput for a file of other kind."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), reader.fieldnames or ()
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{path.name} is not a CSV file in UTF-8: {error}.") from error
    missing = [name for name in _COLUMNS if name not in columns]
    if missing:
        found = ", ".join(columns) or "none"
        raise InvalidInput(
            f"{path.name} has no column {' and no '.join(missing)}; the columns are: {found}."
        )
    gold = {row["task"]: row["gold"] for row in rows if row.get("gold")}
    classes = sorted({*(row["label"] for row in rows if row["label"]), *gold.values()})
    try:
        matrix = LabelMatrix.from_labels(
            [(row["task"], row["worker"], row["label"]) for row in rows], classes=classes
        )
    except ValueError as error:
        raise InvalidInput(f"{path.name}: {error}") from error
    return matrix, matrix.known_indices(gold)


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
