# ruff: noqa: PLR0917 - the loops take arrays one by one, and cannot take keywords
"""Go through the labels task by task in machine code: the E step and the sums for the M step.

A task's log weights are the sum of one table row per label, so a pass is bound by how fast those
rows come from memory. Hence the layout: the row of (annotator, label) holds the log chances of
that label for every true class, and right behind them the counts that the M step needs, so that a
label costs one cache line in a pass that does both steps. Tasks go in blocks: all rows of a block
are asked for one block ahead, and its exponentials are taken together, which lets the compiler
use vector instructions.

`shape` is a tuple with an item for each class, so that the number of classes is a constant of the
machine code and the inner loops unroll; for many classes it is an array of that length.
Nothing here depends on the number of threads, and no sum is taken in another order than written.
"""

import math

import numpy as np
from numba import uintp
from numpy.typing import NDArray

from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.compiled_exponentials import exponentials
from crowd.aggregation.compiled_vectors import Rows, Shape, add_labels, add_row
from crowd.aggregation.compiling import compiled, prefetch

_BLOCK = 64
# A table of up to so many numbers lies in the processor's own cache.
_CACHED = 2**17


@compiled
def em_pass(
    shape: Shape,
    rows: Rows,
    known: NDArray[np.int16],
    table: FloatArray,
    log_class_shares: FloatArray,
    first: int,
    last: int,
    class_tasks: FloatArray,
) -> float:
    """Run the E step on tasks `first` to `last`, add up for the M step, return the log evidence.

    table: (annotator, label) rows of log chances and counts; the counts are added to.
    class_tasks: expected tasks of each class, added to.
    """
    weights, scale = np.empty(_BLOCK * len(shape)), np.empty(_BLOCK * len(shape))
    ahead = len(table) > _CACHED
    evidence = 0.0
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        if ahead:
            _fetch(shape, rows, table, stop, min(stop + _BLOCK, last))
        _gather(shape, rows, table, log_class_shares, start, stop, weights)
        evidence += _hold_known(shape, known, start, stop, weights)
        evidence += _normalise(shape, stop - start, weights, scale)
        _scatter(shape, rows, table, start, stop, weights)
        _add_up(shape, stop - start, weights, class_tasks)
    return evidence


@compiled
def vote_pass(
    shape: Shape,
    rows: Rows,
    known: NDArray[np.int16],
    spread_votes: float,
    table: FloatArray,
    first: int,
    last: int,
    class_tasks: FloatArray,
) -> None:
    """Add up for the first M step, from each class's share of a task's votes."""
    weights = np.empty(_BLOCK * len(shape))
    ahead = len(table) > _CACHED
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        if ahead:
            _fetch(shape, rows, table, stop, min(stop + _BLOCK, last))
        _vote(shape, rows, known, spread_votes, start, stop, weights)
        _scatter(shape, rows, table, start, stop, weights)
        _add_up(shape, stop - start, weights, class_tasks)


@compiled
def posterior_pass(
    shape: Shape,
    rows: Rows,
    known: NDArray[np.int16],
    table: FloatArray,
    log_class_shares: FloatArray,
    correlation: float,
    first: int,
    last: int,
    posterior: FloatArray,
) -> None:
    """Write the tempered posterior of tasks `first` to `last`: shape (n_tasks, n_classes)."""
    n_classes = len(shape)
    weights, scale = np.empty(_BLOCK * n_classes), np.empty(_BLOCK * n_classes)
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        _gather(shape, rows, table, log_class_shares, start, stop, weights)
        for task in range(start, stop):
            n_labels = rows[0][task + 1] - rows[0][task]
            for cell in range((task - start) * n_classes, (task - start + 1) * n_classes):
                weights[cell] /= 1 + correlation * max(n_labels - 1, 0)
        _hold_known(shape, known, start, stop, weights)
        _normalise(shape, stop - start, weights, scale)
        for task in range(start, stop):
            for each in range(n_classes):
                posterior[task, each] = weights[(task - start) * n_classes + each]


@compiled
def load(shape: Shape, log_confusion: FloatArray, table: FloatArray) -> None:
    """Write log chances (annotator, true class, label) into a table, and clear its counts."""
    n_classes = len(shape)
    for annotator in range(len(log_confusion)):
        for label in range(n_classes):
            row = (annotator * n_classes + label) * 2 * n_classes
            for true_class in range(n_classes):
                table[row + true_class] = log_confusion[annotator, true_class, label]
                table[row + n_classes + true_class] = 0.0


@compiled
def collect(shape: Shape, tables: FloatArray, first: int, last: int, counts: FloatArray) -> None:
    """Add the counts of all tables, in their order, for annotators `first` to `last`."""
    n_classes = len(shape)
    for annotator in range(first, last):
        for true_class in range(n_classes):
            for label in range(n_classes):
                cell = ((annotator * n_classes + label) * 2 + 1) * n_classes + true_class
                total = 0.0
                for part in range(len(tables)):
                    total += tables[part, cell]
                counts[annotator, true_class, label] = total


@compiled
def answer_pass(
    rows: Rows, posterior: FloatArray, first: int, last: int, right: FloatArray, doubt: FloatArray
) -> None:
    """Add, for every annotator, the chance that a label is right and the variance of that."""
    offsets, annotators, labels = rows
    for task in range(first, last):
        for at in range(offsets[task], offsets[task + 1]):
            chance = posterior[task, labels[at]]
            right[annotators[at]] += chance
            doubt[annotators[at]] += chance * (1 - chance)


@compiled
def _fetch(shape: Shape, rows: Rows, table: FloatArray, first: int, last: int) -> None:
    # Unsigned numbers throughout: a signed index is looked at for being negative.
    n_classes = uintp(len(shape))
    offsets, annotators, labels = rows
    for at in range(uintp(offsets[first]), uintp(offsets[last])):
        cell = uintp(annotators[at]) * n_classes + uintp(labels[at])
        prefetch(table, cell * uintp(2) * n_classes)  # type: ignore[call-arg]  # see compiling.py


@compiled
def _gather(
    shape: Shape,
    rows: Rows,
    table: FloatArray,
    log_class_shares: FloatArray,
    first: int,
    last: int,
    weights: FloatArray,
) -> None:
    n_classes, row = uintp(len(shape)), uintp(0)
    for task in range(first, last):
        for each in range(n_classes):
            weights[row + each] = log_class_shares[each]
        add_labels(shape, weights, row, rows, task, table)
        row += n_classes


@compiled
def _scatter(
    shape: Shape, rows: Rows, table: FloatArray, first: int, last: int, weights: FloatArray
) -> None:
    n_classes, row = uintp(len(shape)), uintp(0)
    offsets, annotators, labels = rows
    for task in range(first, last):
        for at in range(uintp(offsets[task]), uintp(offsets[task + 1])):
            cell = uintp(annotators[at]) * n_classes + uintp(labels[at])
            cell = (cell * uintp(2) + uintp(1)) * n_classes
            add_row(shape, table, cell, weights, row)
        row += n_classes


@compiled
def _vote(
    shape: Shape,
    rows: Rows,
    known: NDArray[np.int16],
    spread_votes: float,
    first: int,
    last: int,
    weights: FloatArray,
) -> None:
    n_classes = len(shape)
    offsets, _, labels = rows
    for task in range(first, last):
        row = (task - first) * n_classes
        n_labels = offsets[task + 1] - offsets[task]
        share = 1 / (n_labels + spread_votes)
        is_open = len(known) == 0 or known[task] < 0
        for each in range(n_classes):
            weights[row + each] = spread_votes / n_classes * share if is_open else 0.0
        if not is_open:
            weights[row + known[task]] = 1.0
            continue
        for at in range(offsets[task], offsets[task + 1]):
            weights[row + labels[at]] += share


@compiled
def _hold_known(
    shape: Shape, known: NDArray[np.int16], first: int, last: int, weights: FloatArray
) -> float:
    """Leave a known task no class but its own, and return what its labels add to the evidence."""
    evidence = 0.0
    if len(known) == 0:
        return evidence
    n_classes = len(shape)
    for task in range(first, last):
        if known[task] >= 0:
            row = (task - first) * n_classes
            evidence += weights[row + known[task]]
            for each in range(n_classes):
                weights[row + each] = 0.0 if each == known[task] else -np.inf
    return evidence


@compiled
def _normalise(shape: Shape, n_tasks: int, weights: FloatArray, scale: FloatArray) -> float:
    """Turn the log weights of a block into posteriors, and return the log of their totals."""
    n_classes, row = uintp(len(shape)), uintp(0)
    evidence = 0.0
    for _ in range(n_tasks):
        highest = weights[row]
        for each in range(uintp(1), n_classes):
            highest = max(highest, weights[row + each])
        for each in range(n_classes):
            weights[row + each] -= highest
        evidence += highest
        row += n_classes
    exponentials(weights, scale, scale.view(np.int64), n_tasks * len(shape))
    # A total is at most the number of classes, so that the product of a block's cannot overflow,
    # and one logarithm is enough for all of them.
    product, row = 1.0, uintp(0)
    for _ in range(n_tasks):
        total = 0.0
        for each in range(n_classes):
            total += weights[row + each]
        product *= total
        share = 1 / total  # One division a task, as it takes as long as several products.
        for each in range(n_classes):
            weights[row + each] *= share
        row += n_classes
    return evidence + math.log(product)


@compiled
def _add_up(shape: Shape, n_tasks: int, weights: FloatArray, class_tasks: FloatArray) -> None:
    n_classes, row = uintp(len(shape)), uintp(0)
    for _ in range(n_tasks):
        add_row(shape, class_tasks, uintp(0), weights, row)
        row += n_classes
