"""Cut pieces of labels, in whatever order they came, into partitions of whole tasks.

A partition holds the tasks between two bounds, in the order of their text. So the partitions, one
after the other, have their tasks in the order in which one machine has them.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from crowd.aggregation.arrays import IndexArray
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.label_tables import ranked
from crowd.aggregation.names import ArrowNames, Names
from crowd.aggregation.partitioned import Partition
from crowd.aggregation.row_order import Repeats, label_type
from crowd.partitions.sources import Piece

# So many tasks of a piece stand for all of them where the bounds are looked for.
_SAMPLED_TASKS = 4_096


class Survey(NamedTuple):
    """Say what a piece holds.

    tasks: the names of some tasks, each of which stands for as many labels.
    known: the names of its tasks whose answers are known.
    """

    n_labels: int
    tasks: tuple[str, ...]
    annotator_names: ArrowNames
    class_names: tuple[str, ...]
    known: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """Say how all pieces are cut.

    bounds: the first task of every partition but the first one.
    gold: known classes of tasks, by name.
    """

    bounds: tuple[str, ...]
    annotator_names: ArrowNames
    class_names: tuple[str, ...]
    gold: Mapping[str, str]
    repeats: Repeats


def survey(piece: Piece, gold: Collection[str] = ()) -> Survey:
    """Say what a piece holds. `gold`: the tasks whose answers are known."""
    task = np.sort(piece.task)
    places = np.linspace(0, len(task) - 1, min(len(task), _SAMPLED_TASKS)).astype(np.int64)
    tasks = tuple(piece.task_names[int(each)] for each in task[places])
    names, task_names = _arrow(piece.annotator_names), _arrow(piece.task_names)
    asked = pa.array(sorted(gold), pa.string())
    known = tuple(task_names.filter(compute.is_in(task_names, value_set=asked)).to_pylist())
    return Survey(len(task), tasks, ArrowNames(names), piece.class_names, known)


def plan_of(
    surveys: Sequence[Survey], n_partitions: int, gold: Mapping[str, str], repeats: Repeats
) -> Plan:
    """Plan for partitions of about as many labels; fewer where there are too few tasks."""
    names = pa.concat_arrays([each.annotator_names.array for each in surveys]).unique()
    ordered = names.take(compute.array_sort_indices(names))
    # The answer of a task that nobody labelled makes no class possible for the others.
    gold = {task: gold[task] for each in surveys for task in each.known}
    classes = {name for each in surveys for name in each.class_names} | set(gold.values())
    return Plan(
        _bounds(surveys, n_partitions),
        ArrowNames(ordered),
        tuple(sorted(classes)),
        gold,
        repeats,
    )


def cut(piece: Piece, plan: Plan) -> list[Piece]:
    """Cut a piece: one for every partition, with the annotators and classes of the plan."""
    annotator_of = _places(piece.annotator_names, plan.annotator_names)
    class_of = _places(piece.class_names, plan.class_names)
    task_names = _arrow(piece.task_names)
    return [
        Piece(
            piece.task[rows] - np.int32(first),
            annotator_of[piece.annotator[rows]],
            class_of[piece.label[rows]].astype(label_type(len(plan.class_names))),
            ArrowNames(task_names.slice(first, last - first)),
            plan.annotator_names,
            plan.class_names,
        )
        for rows, first, last in _ranges(piece, plan.bounds)
    ]


def join(number: int, plan: Plan, pieces: Sequence[Piece]) -> Partition:
    """Make a partition of what was cut for it, in the order of the pieces.

    Raise ValueError for an annotator who labelled a task twice, unless the plan allows it.
    """
    names = pa.concat_arrays([_arrow(piece.task_names) for piece in pieces]).dictionary_encode()
    place, task_names = ranked(names.indices.to_numpy(), names.dictionary, "task")
    firsts = np.cumsum([0] + [len(piece.task_names) for piece in pieces])
    matrix = LabelMatrix(
        np.concatenate(
            [place[first + piece.task] for first, piece in zip(firsts, pieces, strict=False)]
        ),
        np.concatenate([piece.annotator for piece in pieces]),
        np.concatenate([piece.label for piece in pieces]),
        task_names,
        plan.annotator_names,
        plan.class_names,
        repeats=plan.repeats,
    )
    return Partition(number, matrix, matrix.known_indices(plan.gold) if plan.gold else {})


def _bounds(surveys: Sequence[Survey], n_partitions: int) -> tuple[str, ...]:
    """Return where to cut, so that the labels that the samples stand for are spread evenly."""
    sampled = sorted(
        (task, each.n_labels / len(each.tasks)) for each in surveys for task in each.tasks
    )
    labels_before = np.cumsum([0.0] + [weight for _, weight in sampled])
    wanted = np.arange(1, n_partitions) / n_partitions * labels_before[-1]
    places = np.searchsorted(labels_before[:-1], wanted)
    bounds = {sampled[place][0] for place in places.tolist() if place < len(sampled)}
    # Nothing lies before the first task; a partition without any would be of no use.
    return tuple(sorted(bounds - {sampled[0][0]}))


def _ranges(piece: Piece, bounds: Sequence[str]) -> Iterator[tuple[IndexArray | slice, int, int]]:
    """Return for each partition its rows of a piece, its first task there, and the one after."""
    if not bounds:
        yield slice(None), 0, len(piece.task_names)
        return
    inner = [bisect_left(piece.task_names, bound) for bound in bounds]
    part = np.searchsorted(np.array(inner, dtype=np.int32), piece.task, side="right")
    # Stable, since of two labels of an annotator on a task the last may count.
    order = np.argsort(part.astype(np.int16), kind="stable")
    starts = np.cumsum([0, *np.bincount(part, minlength=len(bounds) + 1)])
    edges = [0, *inner, len(piece.task_names)]
    for number in range(len(bounds) + 1):
        yield order[starts[number] : starts[number + 1]], edges[number], edges[number + 1]


def _places(names: Names, among: Names) -> NDArray[np.int32]:
    """Return the place of each name among others, which contain it."""
    found = compute.index_in(_arrow(names), value_set=_arrow(among))
    places: NDArray[np.int32] = found.to_numpy()
    return places


def _arrow(names: Names) -> pa.Array:
    if isinstance(names, ArrowNames):
        return names.array
    return pa.array(names, pa.large_string())
