"""Count truth against prediction by group, so that everything after costs nothing in rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

UNKNOWN = "unknown"
OUTCOMES = 2

Integers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cases:
    """Hold binary outcomes, one entry a row, and who each row is about.

    `truth` and `prediction` are 0 or 1; for several classes, compare with one of them first
    (`truth == "urgent"`). Attributes hold text or None, which is counted as its own category:
    unknown. Without `people`, every row is another person.
    """

    truth: ArrayLike
    prediction: ArrayLike
    attributes: Mapping[str, Sequence[str | None]]
    people: ArrayLike | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """Divide the rows by one attribute, or by an intersection of several.

    `rows` and `people` have shape (groups, truth, prediction). A person can be in several cells,
    so the distinct people of a margin are counted apart: `people_by_truth` (groups, truth) and
    `people_in_group` (groups,).
    """

    attributes: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    rows: Integers
    people: Integers
    people_by_truth: Integers
    people_in_group: Integers


@dataclass(frozen=True, slots=True, eq=False)
class GroupCounts:
    """Hold the count table of everyone, and of every attribute and intersection."""

    everyone: Partition
    partitions: tuple[Partition, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Coded:
    """Hold the rows as integers: `cell` is truth * 2 + prediction."""

    cell: Integers
    person: Integers
    categories: dict[str, tuple[str, ...]]
    codes: dict[str, Integers]


def count_groups(
    cases: Cases,
    *,
    expected: Mapping[str, Sequence[str]] | None = None,
    deepest_intersection: int = 2,
) -> GroupCounts:
    """Count every attribute and every intersection of up to `deepest_intersection` of them.

    `expected` names categories that must appear even when nobody was seen in them. Raise
    ValueError when the columns differ in length or an outcome is neither 0 nor 1.
    """
    coded = _coded(cases, expected or {})
    subsets = _subsets(list(coded.codes), deepest_intersection)
    return GroupCounts(
        everyone=_partition(coded, ()),
        partitions=tuple(_partition(coded, attributes) for attributes in subsets),
    )


def categorised(
    values: Sequence[str | None], expected: Sequence[str] = ()
) -> tuple[tuple[str, ...], Integers]:
    """Return the categories in order, unknown last, and each value's place among them."""
    texts = [_category(value) for value in values]
    names = sorted({*texts, *expected}, key=lambda name: (name == UNKNOWN, name))
    place = {name: code for code, name in enumerate(names)}
    return tuple(names), np.array([place[text] for text in texts], dtype=np.int64)


def _subsets(attributes: list[str], deepest: int) -> Iterator[tuple[str, ...]]:
    for size in range(1, deepest + 1):
        yield from combinations(attributes, size)


def _coded(cases: Cases, expected: Mapping[str, Sequence[str]]) -> _Coded:
    truth, prediction = _outcomes(cases.truth), _outcomes(cases.prediction)
    people = np.arange(truth.size) if cases.people is None else np.asarray(cases.people)
    columns = [prediction, people, *cases.attributes.values()]
    if any(len(column) != truth.size for column in columns):
        raise ValueError("All columns of the cases must have the same length.")
    person = np.unique(people, return_inverse=True)[1].astype(np.int64)
    categories, codes = {}, {}
    for name, values in cases.attributes.items():
        categories[name], codes[name] = categorised(values, expected.get(name, ()))
    return _Coded(truth * OUTCOMES + prediction, person, categories, codes)


def _outcomes(values: ArrayLike) -> Integers:
    flags = np.asarray(values)
    if flags.ndim != 1 or not np.isin(flags, (0, 1)).all():
        raise ValueError("An outcome must be 0 or 1.")
    return flags.astype(np.int64)


def _category(value: str | None) -> str:
    # pandas marks a missing text as NaN, the one value that differs from itself.
    missing = value is None or value != value  # noqa: PLR0124
    return UNKNOWN if missing else str(value)


def _partition(coded: _Coded, attributes: tuple[str, ...]) -> Partition:
    """Count the cells of one way to divide the rows; no attribute means everyone together."""
    groups = list(product(*(coded.categories[attribute] for attribute in attributes)))
    by_truth, table = (len(groups), OUTCOMES), (len(groups), OUTCOMES, OUTCOMES)
    group = _group_codes(coded, attributes)
    cell = group * OUTCOMES**2 + coded.cell
    rows = np.bincount(cell, minlength=prod(table)).reshape(table)
    kept = [at for at, names in enumerate(groups) if _is_shown(names, rows[at])]
    return Partition(
        attributes=attributes,
        groups=tuple(groups[at] for at in kept),
        rows=rows[kept],
        people=_distinct(cell, coded.person, table)[kept],
        people_by_truth=_distinct(cell // OUTCOMES, coded.person, by_truth)[kept],
        people_in_group=_distinct(group, coded.person, (len(groups),))[kept],
    )


def _group_codes(coded: _Coded, attributes: tuple[str, ...]) -> Integers:
    """Return the groups of the rows, numbered in the order of the product of the categories."""
    group = np.zeros_like(coded.cell)
    for attribute in attributes:
        group = group * len(coded.categories[attribute]) + coded.codes[attribute]
    return group


def _is_shown(group: tuple[str, ...], rows: Integers) -> bool:
    """Keep a named group that nobody is in, but not an unknown one."""
    return UNKNOWN not in group or bool(rows.any())


def _distinct(cell: Integers, person: Integers, shape: tuple[int, ...]) -> Integers:
    """Count the different people in each cell of a table of this shape."""
    population = int(person.max(initial=0)) + 1
    pairs = np.unique(cell * population + person)
    return np.bincount(pairs // population, minlength=prod(shape)).reshape(shape)
