"""Name millions of tasks without a Python string for each."""

import json
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias, overload

if TYPE_CHECKING:
    import pyarrow as pa

_AT_ONCE = 10_000
_MOST_CLASSES = 32_767  # As many as two bytes can number.


class CompactNames(Sequence[str]):
    """A sequence of different names that are made when they are asked for."""

    @abstractmethod
    def _some(self, first: int, last: int) -> list[str]:
        """Return the names from `first` up to `last`."""

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...

    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self[each] for each in range(*index.indices(len(self))))
        place = range(len(self))[index]  # Raises IndexError, and counts from the end.
        return self._some(place, place + 1)[0]

    def __iter__(self) -> Iterator[str]:
        for first in range(0, len(self), _AT_ONCE):
            yield from self._some(first, min(first + _AT_ONCE, len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(
            mine == theirs for mine, theirs in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # as for a list

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self[:3]))
        return f"{type(self).__name__}({shown}{', ...' if len(self) > 3 else ''})"


class NumberedNames(CompactNames):
    """The names 0, 1, 2 and so on, as many as are wanted; or from another number on."""

    def __init__(self, count: int, start: int = 0) -> None:
        self._count, self._start = count, start

    def __len__(self) -> int:
        return self._count

    def _some(self, first: int, last: int) -> list[str]:
        return [str(self._start + number) for number in range(first, last)]


class ArrowNames(CompactNames):
    """Names in an Arrow array of text, each of which occurs once."""

    def __init__(self, array: "pa.StringArray") -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def _some(self, first: int, last: int) -> list[str]:
        names: list[str] = self.array.slice(first, last - first).to_pylist()
        return names


Names: TypeAlias = tuple[str, ...] | CompactNames


def json_pieces(names: Sequence[str]) -> Iterator[str]:
    """Return the JSON list of names in pieces, without spaces."""
    yield "["
    for first in range(0, len(names), _AT_ONCE):
        some = json.dumps(names[first : first + _AT_ONCE], separators=(",", ":"))
        yield ("," if first else "") + some[1:-1]
    yield "]"


def check_names(names: Names, kind: str) -> None:
    """Raise ValueError for names that occur twice, and for too few or too many classes."""
    if not isinstance(names, CompactNames) and len(set(names)) != len(names):
        raise ValueError(f"Two {kind} names are the same.")
    if kind == "class" and not 1 <= len(names) <= _MOST_CLASSES:
        raise ValueError(f"There must be 1 to {_MOST_CLASSES} classes, not {len(names)}.")
