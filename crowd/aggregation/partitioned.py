"""Run an EM over partitions of a crowd, wherever they lie.

All labels of a task are in one partition, so that an E step needs nothing from elsewhere, and what
the M step needs is a sum over partitions. What travels are the model's parameters and those sums.
The sums are added pair by pair, in the order of the partitions: the same partitions give the same
bytes, wherever and in whatever order the work was done.

Where work is done, an `Engine` knows. Work is a pure function of a partition and the parameters, so
an engine that lost a result asks for it again.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, NamedTuple, TypeVar, cast

import numpy as np

from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.em_steps import EMSteps, Expected, em_steps
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.names import Names
from crowd.aggregation.row_order import Rows

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Held(Generic[T]):
    """What an engine keeps until it is fetched: a value, or a promise of one."""

    inside: object


class Engine(ABC):
    """Do work, here or elsewhere."""

    @abstractmethod
    def do(self, work: Callable[..., T], *given: object) -> Held[T]:
        """Have the work done; what is given may be held by this engine, also within a list.

        work: a pure function that can be pickled. It may be called again where its result is lost.
        """

    @abstractmethod
    def fetch(self, held: Held[T]) -> T:
        """Return what is held; raise what the work raised."""


class LocalEngine(Engine):
    """Do the work here, one piece after the other."""

    def do(self, work: Callable[..., T], *given: object) -> Held[T]:
        """Do the work at once."""
        return Held(work(*map(_opened, given)))

    def fetch(self, held: Held[T]) -> T:
        """Return what is held."""
        return cast("T", held.inside)


def _opened(given: object) -> object:
    if isinstance(given, list):
        return [_opened(each) for each in given]
    return given.inside if isinstance(given, Held) else given


@dataclass(frozen=True, eq=False)
class Partition:
    """Hold some tasks with all their labels.

    number: which partition of the crowd this is, from 0 on.
    matrix: the labels; its annotators and classes are those of the whole crowd.
    known: class index of each known task, by its index here.
    """

    number: int
    matrix: LabelMatrix
    known: Mapping[int, int]

    def __reduce__(self) -> tuple[object, ...]:
        """Travel as arrays, and without what can be counted again."""
        matrix = self.matrix
        rows = (matrix.task_offsets, matrix.annotator, matrix.label)
        names = (matrix.task_names, matrix.annotator_names, matrix.class_names)
        return _rebuilt, (self.number, rows, names, dict(self.known))


def _rebuilt(
    number: int, rows: Rows, names: tuple[Names, Names, tuple[str, ...]], known: dict[int, int]
) -> Partition:
    # Copies, for what comes over a network lies in memory that is not ours to mark.
    owned = Rows(*(np.array(array) for array in rows))
    return Partition(number, LabelMatrix.from_rows(owned, *names), known)


class Size(NamedTuple):
    """Count what is in some partitions."""

    n_labels: int
    n_tasks: int
    n_annotators: int
    n_classes: int


class Partitions:
    """Reach all partitions of one crowd through the engine that holds them."""

    def __init__(self, engine: Engine, parts: Sequence[Held[Partition]]) -> None:
        if not parts:
            raise ValueError("A crowd needs at least one partition.")
        self._engine, self._parts = engine, tuple(parts)

    def __len__(self) -> int:
        return len(self._parts)

    def only(self) -> Partition:
        """Return the partition of a crowd that has one; raise ValueError where it has more."""
        if len(self._parts) > 1:
            raise ValueError(f"There are {len(self._parts)} partitions.")
        return self._engine.fetch(self._parts[0])

    def size(self) -> Size:
        """Count the labels and tasks of all partitions."""
        return self.total(_size, _add_sizes)

    def total(self, work: Callable[[Partition], T], merge: Callable[[T, T], T]) -> T:
        """Do the work on every partition, and merge the results pair by pair in their order."""
        shared = self._engine.do(_same, work)  # So that what it carries is sent once.
        held: list[Held[T]] = [self._engine.do(_on, shared, part) for part in self._parts]
        while len(held) > 1:
            pairs = zip(held[::2], held[1::2], strict=False)
            odd = held[len(held) - len(held) % 2 :]
            held = [self._engine.do(merge, first, second) for first, second in pairs] + odd
        return self._engine.fetch(held[0])


def _same(work: T) -> T:
    return work


def _on(work: Callable[[Partition], T], partition: Partition) -> T:
    return work(partition)


def _size(partition: Partition) -> Size:
    matrix = partition.matrix
    return Size(matrix.n_labels, matrix.n_tasks, matrix.n_annotators, matrix.n_classes)


def _add_sizes(first: Size, second: Size) -> Size:
    return Size(
        first.n_labels + second.n_labels,
        first.n_tasks + second.n_tasks,
        first.n_annotators,
        first.n_classes,
    )


class PartitionedSteps(EMSteps):
    """Go through the labels of all partitions."""

    def __init__(self, partitions: Partitions) -> None:
        self._partitions = partitions

    def from_votes(self, spread_votes: float) -> Expected:
        """Return what the first M step needs, with vote shares in the place of a posterior."""
        return self._partitions.total(partial(_from_votes, spread_votes=spread_votes), _add)

    def expect(self, log_confusion: FloatArray, log_class_shares: FloatArray) -> Expected:
        """Run an E step, and return what the next M step needs."""
        work = partial(_expect, log_confusion=log_confusion, log_class_shares=log_class_shares)
        return self._partitions.total(work, _add)

    def posterior(
        self, log_confusion: FloatArray, log_class_shares: FloatArray, correlation: float
    ) -> FloatArray:
        """Return the tempered posterior of all tasks, in the order of the partitions.

        For crowds whose posterior fits in memory; `partitioned_fit.py` leaves it where it is.
        """
        work = partial(
            posterior_of,
            log_confusion=log_confusion,
            log_class_shares=log_class_shares,
            correlation=correlation,
        )
        return self._partitions.total(work, _follow)


def posterior_of(
    partition: Partition,
    *,
    log_confusion: FloatArray,
    log_class_shares: FloatArray,
    correlation: float,
) -> FloatArray:
    """Return the tempered posterior of a partition's tasks: shape (n_tasks, n_classes)."""
    return _steps(partition).posterior(log_confusion, log_class_shares, correlation)


def _from_votes(partition: Partition, *, spread_votes: float) -> Expected:
    return _steps(partition).from_votes(spread_votes)


def _expect(
    partition: Partition, *, log_confusion: FloatArray, log_class_shares: FloatArray
) -> Expected:
    return _steps(partition).expect(log_confusion, log_class_shares)


def _steps(partition: Partition) -> EMSteps:
    # Made anew for each pass: their tables are scratch, and a partition must stay as it is.
    return em_steps(partition.matrix, partition.known)


def _add(first: Expected, second: Expected) -> Expected:
    return Expected(
        first.counts + second.counts,
        first.class_tasks + second.class_tasks,
        first.log_evidence + second.log_evidence,
    )


def _follow(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.concatenate([first, second])
