"""Where a tile lies in the tree, and what it is called: C2SP's tlog-tiles, section "Merkle Tree".

A tile holds up to 256 hashes of one level. Level 0 are the leaves, and each hash of a higher level
is the root over a full tile of the level below. Names only: nothing is stored here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from audit.merkle import MAX_SIZE, OutOfRange

__all__ = [
    "ENTRIES",
    "TILE_HEIGHT",
    "TILE_WIDTH",
    "TilePlace",
    "bundles_of",
    "tiles_of",
]

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
HIGHEST_LEVEL = 63
ENTRIES = "entries"

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class TilePlace:
    """Name a tile, or a bundle of entries (level None), of a width of 1 to 256."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @property
    def is_full(self) -> bool:
        """Say whether it can never grow, so that it may be kept for ever."""
        return self.width == TILE_WIDTH

    @property
    def leaves(self) -> range:
        """Return the leaves that it spans."""
        height = TILE_HEIGHT * (self.level or 0)
        first = self.index * TILE_WIDTH
        return range(first << height, (first + self.width) << height)

    def to_path(self) -> str:
        """Write its path below the log's address, such as `tile/0/x001/067.p/5`."""
        level = ENTRIES if self.level is None else str(self.level)
        suffix = "" if self.is_full else f".p/{self.width}"
        return f"tile/{level}/{_index_path(self.index)}{suffix}"

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read a path that is written in its one canonical way, or raise OutOfRange."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise OutOfRange("This is not the path of a tile.")
        level = None if match["level"] == ENTRIES else int(match["level"])
        index = int(re.sub("[x/]", "", match["index"]))
        place = cls(level, index, int(match["width"] or TILE_WIDTH))
        if place.to_path() != path or (level or 0) > HIGHEST_LEVEL:
            raise OutOfRange("This is not the path of a tile.")
        if place.leaves.stop > MAX_SIZE:
            raise OutOfRange("No tree is large enough for this tile.")
        return place


def tiles_of(size: int, *, since: int = 0) -> Iterator[TilePlace]:
    """Yield the tiles of a tree of this size that one of size `since` did not have."""
    for level in range(HIGHEST_LEVEL + 1):
        if not size >> (TILE_HEIGHT * level):
            return
        yield from _places(level, size, since)


def bundles_of(size: int, *, since: int = 0) -> Iterator[TilePlace]:
    """Yield the bundles of entries of a tree of this size that one of `since` did not have."""
    yield from _places(None, size, since)


def _places(level: int | None, size: int, since: int) -> Iterator[TilePlace]:
    height = TILE_HEIGHT * (level or 0)
    n_hashes, n_before = size >> height, since >> height
    if n_hashes == n_before:
        return
    for index in range(n_before // TILE_WIDTH, n_hashes // TILE_WIDTH):
        yield TilePlace(level, index)
    if n_hashes % TILE_WIDTH:
        yield TilePlace(level, n_hashes // TILE_WIDTH, n_hashes % TILE_WIDTH)


def _index_path(index: int) -> str:
    last = f"{index % 1000:03d}"
    rest = index // 1000
    while rest:
        last = f"x{rest % 1000:03d}/{last}"
        rest //= 1000
    return last
