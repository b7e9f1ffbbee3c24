"""How right, and how honest about it, every consensus algorithm is on real crowds.

Every algorithm runs on every nominal crowd of a folder (see crowd_data.py) with the parameters
that it has by itself. The tables give each score by crowd and in the mean over crowds. The
figures are the means, what the default costs where it is worse than the majority, and the
differences in accuracy between the default and the rest, with 95 % limits from drawing crowds
anew (paired bootstrap over crowds: both methods are scored on the crowds drawn).
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

from crowd.aggregation import (
    Aggregator,
    CollapsedBayes,
    CorrelatedBayes,
    CrowdLab,
    DawidSkene,
    Ensemble,
    Glad,
    IndependentBayes,
    Mace,
    MajorityVote,
    OneCoin,
    SkillByClass,
    WeightedMajority,
)
from crowd.aggregation.arrays import FloatArray
from folkmoot.bench.crowd_data import RealCrowd, read_crowds
from folkmoot.bench.leave_one_out import left_out_figures
from folkmoot.bench.measure import Figure
from folkmoot.bench.posterior_scores import Scores, scores_of
from folkmoot.bench.reference import reference_posteriors

LEAST_ACCURACY = 0.847
MOST_BELOW_MAJORITY = 0.015
MOST_LOG_LOSS = 0.50
MOST_CALIBRATION_ERROR = 0.075
LEAST_CHANCE = 1e-6

DEFAULT = Ensemble.name
_BOOTSTRAPS = 10_000
# A prior this weak stands for none: what is left is maximum likelihood.
_NEXT_TO_NOTHING = 1e-6
_BY_CROWD = ("accuracy", "log_loss", "brier", "calibration_error")


class Result(NamedTuple):
    """Hold how one method did on one crowd."""

    scores: Scores
    seconds: float


# Method to crowd to result.
Results = dict[str, dict[str, Result]]


def algorithms() -> dict[str, Aggregator]:
    """Return what is compared, by name."""
    own: tuple[Aggregator, ...] = (
        *(Ensemble(), MajorityVote(), WeightedMajority(), CrowdLab(), DawidSkene()),
        *(SkillByClass(), OneCoin(), Mace(), Glad(), IndependentBayes(), CorrelatedBayes()),
        CollapsedBayes(),
    )
    return {each.name: each for each in own} | {"dawid-skene, no prior": _likeliest()}


def _likeliest() -> DawidSkene:
    """Return Dawid and Skene's own algorithm: maximum likelihood, neither prior nor tempering."""
    return DawidSkene(
        shrinkage=_NEXT_TO_NOTHING,
        prior_right=_NEXT_TO_NOTHING,
        prior_wrong=_NEXT_TO_NOTHING,
        class_tasks=_NEXT_TO_NOTHING,
        correlation=0,
    )


@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="A folder with a folder for each crowd.",
)
@click.option("--sets", default="", help="Only these crowds, separated by commas.")
@click.option(
    "--reference-python",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A Python that has crowd-kit, cleanlab or peerannot, to run beside; may be repeated.",
)
@click.option(
    "--reference-seconds", default=60, show_default=True, help="A reference's limit per crowd."
)
@click.option("--reference-methods", default="", help="Only these references, separated by commas.")
@click.option(
    "--leave-one-out",
    is_flag=True,
    help="Also choose the default's parameters on all crowds but one, for each.",
)
def run(
    *,
    data: Path,
    sets: str,
    reference_python: Sequence[Path],
    reference_seconds: int,
    reference_methods: str,
    leave_one_out: bool,
) -> Iterator[Figure]:
    """Score every algorithm on every crowd."""
    crowds = read_crowds(data, names=[name for name in sets.split(",") if name])
    results: Results = {
        name: {crowd.name: _measured(algorithm, crowd) for crowd in crowds}
        for name, algorithm in algorithms().items()
    }
    if not reference_python:
        click.echo("Other libraries are left out: --reference-python names none.")
    for python, crowd in product(reference_python, crowds):
        found = reference_posteriors(crowd, python, reference_seconds, reference_methods)
        _add(results, crowd, found)
    _print_tables(results, crowds)
    yield from _figures(results)
    if leave_one_out:
        yield from left_out_figures(crowds)


def _measured(algorithm: Aggregator, crowd: RealCrowd) -> Result:
    began = time.process_time()
    posterior = algorithm.fit(crowd.matrix).posterior_
    return Result(scores_of(posterior, crowd.truth), time.process_time() - began)


def _add(results: Results, crowd: RealCrowd, found: Mapping[str, tuple[FloatArray, float]]) -> None:
    for name, (posterior, taken) in found.items():
        scores = scores_of(posterior, crowd.truth)
        results.setdefault(name, {})[crowd.name] = Result(scores, taken)


def _print_tables(results: Results, crowds: Sequence[RealCrowd]) -> None:
    for score in _BY_CROWD:
        click.echo(f"\n{score.replace('_', ' ')}\n")
        _print_row("", [crowd.name for crowd in crowds])
        for name, by_crowd in results.items():
            scores = [
                f"{getattr(by_crowd[crowd.name].scores, score):.3f}"
                if crowd.name in by_crowd
                else "-"
                for crowd in crowds
            ]
            _print_row(name, scores)
    click.echo("\nmean over crowds; least: lowest probability of a true class\n")
    _print_row("", [*_MEANS, "least", "seconds", "worst", "crowds"], width=10)
    for name, by_crowd in results.items():
        _print_row(name, _summary(by_crowd, results[MajorityVote.name]), width=10)
    click.echo("")


_MEANS = ("accuracy", "log-loss", "Brier", "calibr.")


def _summary(by_crowd: Mapping[str, Result], majority: Mapping[str, Result]) -> list[str]:
    """Return the means, then seconds in total, and most points lost against the majority."""
    return [
        *(f"{_mean(by_crowd, score):.4f}" for score in _BY_CROWD),
        f"{min(each.scores.least_chance for each in by_crowd.values()):.1e}",
        f"{sum(each.seconds for each in by_crowd.values()):.2f}",
        f"{_worst_loss(by_crowd, majority):.3f}",
        str(len(by_crowd)),
    ]


def _print_row(name: str, cells: Sequence[str], *, width: int = 8) -> None:
    click.echo(f"{name:<30}" + "".join(f"{cell:>{max(width, len(cell) + 1)}}" for cell in cells))


def _mean(by_crowd: Mapping[str, Result], score: str) -> float:
    return float(np.mean([getattr(each.scores, score) for each in by_crowd.values()]))


def _worst_loss(by_crowd: Mapping[str, Result], majority: Mapping[str, Result]) -> float:
    return max(
        majority[crowd].scores.accuracy - each.scores.accuracy for crowd, each in by_crowd.items()
    )


def _figures(results: Results) -> Iterator[Figure]:
    default, majority = results[DEFAULT], results[MajorityVote.name]
    yield Figure("mean accuracy", _mean(default, "accuracy"), "", at_least=LEAST_ACCURACY)
    below = _worst_loss(default, majority)
    yield Figure("worst loss against majority", below, "", at_most=MOST_BELOW_MAJORITY)
    yield Figure("mean log-loss", _mean(default, "log_loss"), "nats", at_most=MOST_LOG_LOSS)
    error = _mean(default, "calibration_error")
    yield Figure("mean calibration error", error, "", at_most=MOST_CALIBRATION_ERROR)
    least = min(each.scores.least_chance for each in default.values())
    yield Figure("least probability of a true class", least, "", at_least=LEAST_CHANCE)
    for name, by_crowd in results.items():
        if name != DEFAULT:
            yield from _difference(name, default, by_crowd)


def _difference(
    name: str, default: Mapping[str, Result], other: Mapping[str, Result]
) -> Iterator[Figure]:
    gains = np.array(
        [default[crowd].scores.accuracy - other[crowd].scores.accuracy for crowd in other]
    )
    draws = np.random.default_rng(0).integers(0, len(gains), (_BOOTSTRAPS, len(gains)))
    low, high = np.quantile(gains[draws].mean(axis=1), [0.025, 0.975])
    what = f"accuracy above {name}, {len(gains)} crowds"
    yield Figure(what, float(gains.mean()), "")
    yield Figure(f"{what}: low", float(low), "")
    yield Figure(f"{what}: high", float(high), "")
