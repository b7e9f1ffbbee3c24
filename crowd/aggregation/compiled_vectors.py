# ruff: noqa: ANN001, ANN202, PLR0917, PLW0108 - Numba has no types for what builds machine code
# The same holds for mypy:
# mypy: disable-error-code="no-untyped-def,no-untyped-call,call-arg"
"""Add rows of one number per class as vectors, which the compiler would not do by itself.

It cannot know that two arrays never overlap, so that it adds up number by number, and writes a
task's sums to memory after every label. Here a row is one vector, and the sums of a task stay in
a register. Both hold where the number of classes is a constant of the machine code (`shape` is a
tuple, see compiled.py); for many classes a plain loop does, as rows are long.

A sum takes the numbers in the order of the loop, so that both kinds give the same bytes.
"""

from typing import TypeAlias

import numpy as np
from llvmlite import ir
from numba import types, uintp
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

from crowd.aggregation.arrays import FloatArray

Shape: TypeAlias = tuple[int, ...] | NDArray[np.int64]
# Where the labels of each task begin, and the annotator and class of each label.
Rows: TypeAlias = tuple[
    NDArray[np.signedinteger], NDArray[np.signedinteger], NDArray[np.signedinteger]
]

Place: TypeAlias = int | np.unsignedinteger

_WORD = ir.IntType(64)


def add_row(shape: Shape, into: FloatArray, at: Place, row: FloatArray, begin: Place) -> None:
    """Add the numbers of `row` from `begin` on to those of `into` from `at` on, one per class."""
    for each in range(uintp(len(shape))):
        into[at + each] += row[begin + each]


def add_labels(
    shape: Shape, into: FloatArray, at: Place, rows: Rows, task: int, table: FloatArray
) -> None:
    """Add the log chances of a task's labels to the numbers of `into` from `at` on.

    table: (annotator, label) rows, each followed by one of counts (see compiled.py).
    """
    n_classes = uintp(len(shape))
    offsets, annotators, labels = rows
    for label in range(uintp(offsets[task]), uintp(offsets[task + 1])):
        cell = uintp(annotators[label]) * n_classes + uintp(labels[label])
        add_row(shape, into, at, table, cell * uintp(2) * n_classes)


# Inlined, or the compiler could not see that a plain loop may become vectors; not strict, for
# annotations are none of its business.
@overload(add_row, inline="always", strict=False)
def _add_row(shape, into, at, row, begin):
    del into, at, row, begin
    if not isinstance(shape, types.UniTuple):
        return add_row
    return lambda shape, into, at, row, begin: _add_vector(shape, into, at, row, begin)


@overload(add_labels, inline="always", strict=False)
def _add_labels(shape, into, at, rows, task, table):
    del into, at, rows, task, table
    if not isinstance(shape, types.UniTuple):
        return add_labels
    return lambda shape, into, at, rows, task, table: _add_vectors(
        shape,
        into,
        uintp(at),
        table,
        rows[1],
        rows[2],
        uintp(rows[0][task]),
        uintp(rows[0][task + 1]),
    )


@intrinsic
def _add_vector(context, shape, into, at, row, begin):
    del context

    def generate(backend, builder, signature, arguments):
        target, source = (
            _vector(builder, _start(backend, builder, signature, arguments, place), begins, shape)
            for place, begins in ((1, arguments[2]), (3, arguments[4]))
        )
        total = builder.fadd(builder.load(target, align=8), builder.load(source, align=8))
        builder.store(total, target, align=8)
        return backend.get_dummy_value()

    return types.void(shape, into, at, row, begin), generate


@intrinsic
def _add_vectors(context, shape, into, at, table, annotators, labels, first, last):
    del context

    def generate(backend, builder, signature, arguments):
        starts = [_start(backend, builder, signature, arguments, place) for place in (1, 3, 4, 5)]
        target = _vector(builder, starts[0], arguments[2], shape)
        # A variable of this loop alone, which the compiler keeps in a register.
        total = cgutils.alloca_once_value(builder, builder.load(target, align=8))
        with cgutils.for_range_slice(builder, *arguments[6:], _WORD(1), _WORD) as (label, _):
            annotator, answer = (
                builder.zext(builder.load(builder.gep(start, [label])), _WORD)
                for start in starts[2:]
            )
            cell = builder.add(builder.mul(annotator, _WORD(shape.count)), answer)
            cell = builder.mul(cell, _WORD(2 * shape.count))
            row = builder.load(_vector(builder, starts[1], cell, shape), align=8)
            builder.store(builder.fadd(builder.load(total), row), total)
        builder.store(builder.load(total), target, align=8)
        return backend.get_dummy_value()

    return types.void(shape, into, at, table, annotators, labels, first, last), generate


def _start(backend, builder, signature, arguments, place):
    """Return where an array begins."""
    return backend.make_array(signature.args[place])(backend, builder, arguments[place]).data


def _vector(builder, start, at, shape):
    """Return the place of the vector that begins with the number `at`."""
    kind = ir.VectorType(ir.DoubleType(), shape.count)
    return builder.bitcast(builder.gep(start, [at]), kind.as_pointer())
