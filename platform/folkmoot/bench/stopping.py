"""What asking only while it pays saves, on real votes that are replayed.

Two questions, and two answers for each crowd:

- What can be saved? Fixed redundancy needs so many labels a task to come within half a point of
  the accuracy with all labels, and stopping early so many, where a label's worth is such that it
  does; that worth is found on the crowd itself.
- What is saved by a rule that is told nothing? It halves what a label is worth until, twice
  running, a halving changes no more answers than may be given up, half a point. No truth is looked
  at, of this crowd or any other. What it then loses is shown against all labels. So is what one
  label a task fewer than all loses: where that is much, the last figure is luck.

A project that stops early should still take a random share of its tasks to the end, to know what
it gives up. What is saved is told without these tasks, and with their labels counted as well.

The limits are 95 % over tasks, drawn anew with replacement; replays of one task stay together.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np

from crowd.aggregation.arrays import FloatArray
from folkmoot.bench.crowd_data import read_crowds
from folkmoot.bench.measure import Figure
from folkmoot.bench.replaying import Replays, replay_crowd

CROWDS = ("bluebird", "dog", "rte", "temp", "tweet")
GIVEN_UP = 0.005
MOST_LOST = 0.01
LEAST_SAVED = 0.4
_SAMPLES = 1000


@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="A folder of crowds, each with labels.csv and truth.csv.",
)
@click.option(
    "--crowds",
    "names",
    default=",".join(CROWDS),
    show_default=True,
    help="Which of them, separated by commas.",
)
@click.option("--seeds", default=10, show_default=True, help="Random orders of the votes.")
@click.option(
    "--audit-share",
    default=0.05,
    show_default=True,
    help="Share of tasks that would get every vote, for a check.",
)
def run(*, data: Path, names: str, seeds: int, audit_share: float) -> Iterator[Figure]:
    """Replay the crowds, and say what stopping early saves and loses."""
    replayed = []
    for crowd in read_crowds(data, names=names.split(",")):
        replayed.append(replay_crowd(crowd, seeds=seeds, may_change=GIVEN_UP))
        click.echo(f"{crowd.name}: {crowd.matrix.n_labels:,} votes replayed {seeds} times")
    yield from _possible(replayed, audit_share)
    yield from _settled(replayed)


def _possible(replayed: Sequence[Replays], audit_share: float) -> Iterator[Figure]:
    saved, saved_with_check = [], []
    for crowd in replayed:
        every = np.ones((1, crowd.right_fixed.shape[1]))
        (fixed,), (early,) = _needed(crowd, every)
        yield Figure(f"{crowd.name}: fixed redundancy, full - 0.5 points", float(fixed), "labels")
        yield Figure(f"{crowd.name}: stopping early, full - 0.5 points", float(early), "labels")
        saved.append(1 - early / fixed)
        yield Figure(f"{crowd.name}: saved", float(100 * saved[-1]), "%")
        fixed_drawn, early_drawn = _needed(crowd, _drawn(crowd))
        low, high = np.quantile(1 - early_drawn / fixed_drawn, (0.025, 0.975)).tolist()
        yield Figure(f"{crowd.name}: saved, lower limit", 100 * low, "%")
        yield Figure(f"{crowd.name}: saved, upper limit", 100 * high, "%")
        checked = audit_share * crowd.labels_fixed[-1].mean() + (1 - audit_share) * early
        saved_with_check.append(1 - checked / fixed)
        yield Figure(f"{crowd.name}: saved, check counted", 100 * saved_with_check[-1], "%")
    mean = float(100 * np.mean(saved))
    yield Figure("saved in the mean", mean, "%", at_least=100 * LEAST_SAVED)
    with_check = float(100 * np.mean(saved_with_check))
    yield Figure("saved in the mean, check counted", with_check, "%")


def _settled(replayed: Sequence[Replays]) -> Iterator[Figure]:
    saved = []
    for crowd in replayed:
        fixed, _ = _needed(crowd, np.ones((1, crowd.right_fixed.shape[1])))
        labels = crowd.labels_settled.mean()
        saved.append(1 - labels / fixed[0])
        yield Figure(f"{crowd.name}: labels by itself", labels, "labels")
        yield Figure(f"{crowd.name}: saved by itself", 100 * saved[-1], "%")
        yield from _lost(crowd)
    mean = float(100 * np.mean(saved))
    yield Figure("saved by itself in the mean", mean, "%", at_least=100 * LEAST_SAVED)


def _lost(crowd: Replays) -> Iterator[Figure]:
    change = crowd.right_settled - crowd.right_fixed[-1]
    low, high = np.quantile(_drawn(crowd) @ change / len(change), (0.025, 0.975))
    told = f"{crowd.name}: accuracy by itself against all labels"
    yield Figure(told, float(100 * change.mean()), "points", at_least=-100 * MOST_LOST)
    yield Figure(f"{told}, lower limit", float(100 * low), "points")
    yield Figure(f"{told}, upper limit", float(100 * high), "points")
    last = crowd.right_fixed[-2:].mean(axis=1)
    yield Figure(
        f"{crowd.name}: one label fewer than all", float(100 * (last[0] - last[-1])), "points"
    )


def _drawn(crowd: Replays) -> FloatArray:
    n_tasks = crowd.right_fixed.shape[1]
    generator = np.random.default_rng(0)
    draws = generator.multinomial(n_tasks, np.full(n_tasks, 1 / n_tasks), size=_SAMPLES)
    return draws.astype(np.float64)


def _needed(crowd: Replays, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the labels a task, fixed and early, at full accuracy - 0.5 points: (n_samples,)."""
    n_tasks = weights.sum(axis=1, keepdims=True)
    target = (weights @ crowd.right_fixed[-1])[:, None] / n_tasks - GIVEN_UP

    def needed(labels: FloatArray, right: FloatArray) -> FloatArray:
        curves = (weights @ labels.T / n_tasks, weights @ right.T / n_tasks)
        return labels_to_reach(*curves, target[:, 0])

    # A label that is worth nothing is asked for, so that this ends at every vote.
    labels, right = (
        np.concatenate([early, fixed[-1:]])
        for early, fixed in (
            (crowd.labels_early, crowd.labels_fixed),
            (crowd.right_early, crowd.right_fixed),
        )
    )
    return needed(crowd.labels_fixed, crowd.right_fixed), needed(labels, right)


def labels_to_reach(labels: FloatArray, accuracy: FloatArray, target: FloatArray) -> FloatArray:
    """Return where curves (n_samples, n_points) first reach their target, between points.

    A curve that starts above its target needs what it starts with; one that never reaches it
    needs all.
    """
    best = np.maximum.accumulate(accuracy, axis=1)
    reached = best >= target[:, None]
    place = np.where(reached.any(axis=1), reached.argmax(axis=1), labels.shape[1] - 1)
    row = np.arange(len(labels))
    before = np.maximum(place - 1, 0)
    rise = best[row, place] - best[row, before]
    part = np.divide(target - best[row, before], rise, out=np.ones_like(rise), where=rise > 0)
    step = labels[row, place] - labels[row, before]
    return np.asarray(labels[row, before] + np.clip(part, 0, 1) * step)
