"""Make the tiles of a whole log in one pass, with one tile of each level in memory."""

from collections.abc import Iterable, Iterator

from audit.merkle import root_of
from audit.tile_paths import TILE_WIDTH, TilePlace

__all__ = ["tiles_over"]


def tiles_over(leaves: Iterable[bytes]) -> Iterator[tuple[TilePlace, bytes]]:
    """Yield each tile that is kept of these leaf hashes, and its hashes one after the other.

    Those are the full ones of level 0, and all above it.
    """
    levels = _Levels()
    for leaf in leaves:
        yield from levels.add(leaf)
    yield from levels.growing()


class _Levels:
    """The tile that grows on each level, and how many before it are full."""

    def __init__(self) -> None:
        self._hashes: list[list[bytes]] = [[]]
        self._n_full: list[int] = [0]

    def add(self, digest: bytes, level: int = 0) -> Iterator[tuple[TilePlace, bytes]]:
        """Add a hash to a level, and yield the tiles that it makes full, from below."""
        if level == len(self._hashes):
            self._hashes.append([])
            self._n_full.append(0)
        hashes = self._hashes[level]
        hashes.append(digest)
        if len(hashes) < TILE_WIDTH:
            return
        yield TilePlace(level, self._n_full[level]), b"".join(hashes)
        self._hashes[level] = []
        self._n_full[level] += 1
        yield from self.add(root_of(hashes), level + 1)

    def growing(self) -> Iterator[tuple[TilePlace, bytes]]:
        """Yield the tiles above the leaves that are not full."""
        for level, hashes in enumerate(self._hashes[1:], 1):
            if hashes:
                yield TilePlace(level, self._n_full[level], len(hashes)), b"".join(hashes)
