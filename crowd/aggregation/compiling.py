# ruff: noqa: ANN001, ANN201, ANN202, PLW0108 - Numba has no types for what builds machine code
"""Compile the hot loops with Numba, wherever their machine code may be kept.

Numba keeps what it compiled beside the source, or else in the user's cache folder, or in
`NUMBA_CACHE_DIR` where that is set, so that only the very first process pays. Where none of them
can be written, as in a read-only container, the loops are compiled anew in each process.

Importing Numba takes a second and 100 MB: only modules of loops import this one, and whoever
needs them does so within the function that has many labels to go through.
"""

import contextlib
import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

P = ParamSpec("P")
R = TypeVar("R")


def _forget_older_code(folder: Path) -> None:
    """Forget machine code that is older than any of its sources.

    Numba looks at the file of each loop alone, and not at the files of what is built into it.
    """
    newest = max(source.stat().st_mtime for source in folder.glob("compil*.py"))
    for kept in (folder / "__pycache__").glob("compil*.nb[ci]"):
        with contextlib.suppress(OSError):  # another process forgets it, or nobody may
            if kept.stat().st_mtime < newest:
                kept.unlink()


_forget_older_code(Path(__file__).parent)


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that touches no Python object, so that threads run it side by side."""
    try:
        loop: Callable[P, R] = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # There is no folder in which the machine code could be kept.
        loop = numba.njit(nogil=True)(function)
    return loop


def most_threads() -> int:
    """Return the processors that this process may use, or `NUMBA_NUM_THREADS` where it is set."""
    return int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]  # made when loaded


def each_part(work: Callable[[int], R], n_parts: int, threads: int) -> Sequence[R]:
    """Do the work of every part, by so many threads; the results are in the order of parts."""
    if min(threads, n_parts) < 2:
        return [work(part) for part in range(n_parts)]
    return list(_pool(os.getpid(), threads).map(work, range(n_parts)))


@functools.lru_cache(maxsize=4)
def _pool(process_id: int, threads: int) -> ThreadPoolExecutor:
    """Keep a pool, because an iteration may take less than the start of its threads."""
    del process_id  # A process that was forked off inherits the pool, but none of its threads.
    return ThreadPoolExecutor(threads, thread_name_prefix="consensus")


@intrinsic
def prefetch(context, array, index):  # type: ignore[no-untyped-def]  # Numba has few types
    """Ask the processor to fetch the cache line of `array[index]`, which will be written soon."""
    del context

    def generate(backend, builder, signature, arguments):  # type: ignore[no-untyped-def]
        line = backend.make_array(signature.args[0])(backend, builder, arguments[0])
        address = builder.gep(line.data, [arguments[1]])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        fetch = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]  # as above
            builder.module, kind, "llvm.prefetch.p0"
        )
        builder.call(fetch, [builder.bitcast(address, byte), number(1), number(3), number(1)])
        return backend.get_dummy_value()

    return types.void(array, index), generate


def fused(first: float, second: float, third: float) -> float:
    """Return first * second + third; compiled, it is rounded once, the same on any machine."""
    return first * second + third


@overload(fused)
def _fused(first, second, third):  # type: ignore[no-untyped-def]  # as above
    del first, second, third
    return lambda first, second, third: _multiply_add(first, second, third)  # type: ignore[call-arg]


@intrinsic
def _multiply_add(context, first, second, third):  # type: ignore[no-untyped-def]  # as above
    del context

    def generate(backend, builder, signature, arguments):  # type: ignore[no-untyped-def]
        del backend, signature
        return builder.fma(*arguments)

    return types.float64(first, second, third), generate
