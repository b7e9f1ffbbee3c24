"""Check the tree over the sealed entries against every checkpoint, stored or kept elsewhere."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from audit.merkle import Frontier
from audit.models import LogHead, SignedCheckpoint
from audit.notes import Checkpoint, open_checkpoint
from audit.signing_keys import NoteError, VerifierKey
from audit.stored_rows import Stored, StoredTable, UnreadableRow, stored_rows
from audit.verdicts import Finding
from folkmoot.kernel.unit_of_work import UnitOfWork


class TreeCheck:
    """Grows the tree leaf by leaf, and holds its root against what was signed at that size.

    Once a leaf is missing or a root is wrong, no later root can be right: that is found once, and
    from there on only sizes and signatures are compared.
    """

    def __init__(self, uow: UnitOfWork, verifier: VerifierKey, kept: Sequence[str]) -> None:
        self.uow = uow
        self.verifier = verifier
        self.frontier = Frontier()
        self.expected = 0
        self.is_whole = True
        self.n_checkpoints = 0
        self.early: list[Finding] = []
        self._signed: dict[int, list[tuple[Checkpoint, str]]] = {}
        self._stored_sizes: set[int] = set()
        heads = StoredTable(uow, LogHead)
        self._heads = list(stored_rows(uow, sa.select(*heads.columns())))
        self._read_stored_checkpoints()
        self._read_kept(kept)
        self._last_right = 0

    def grow(self, index: object, leaf: bytes | None) -> Iterator[str]:
        """Take the next sealed leaf; yield a sentence for all that is wrong up to it."""
        if not isinstance(index, int) or index < self.expected:
            self.is_whole = False
            yield f"The entry is at the place {index!r}, where the next one is {self.expected}."
            return
        if index > self.expected:
            self.is_whole = False
            yield _missing(self.expected, index)
        self.expected = index + 1
        if leaf is None:
            self.is_whole = False
        if self.is_whole and leaf is not None:
            self.frontier = self.frontier.extend([leaf])
        yield from self._compare_roots()

    def finish(self) -> Iterator[Finding]:
        """Yield what is wrong at the end: sizes that the log has not, and its head."""
        # Sizes within a gap were passed over: the gap is found already.
        for size in sorted(one for one in self._signed if one > self.expected):
            for _, where in self._signed[size]:
                yield Finding(
                    f"The log has {self.expected} entries, but was signed at size {size} "
                    f"{where}: it was cut short."
                )
        yield from self._check_heads()

    def _compare_roots(self) -> Iterator[str]:
        for signed, where in self._signed.pop(self.expected, []):
            if not self.is_whole:
                return
            if signed.root != self.frontier.root():
                self.is_whole = False
                yield (
                    f"Up to this entry, the log is not what was signed at size {signed.size} "
                    f"{where}; at size {self._last_right} it still was."
                )
                return
            self._last_right = signed.size

    def _read_stored_checkpoints(self) -> None:
        table = StoredTable(self.uow, SignedCheckpoint)
        for row in stored_rows(self.uow, sa.select(*table.columns())):
            size, note = table.raw(row, "size"), table.raw(row, "note")
            self.n_checkpoints += 1
            signed = self._opened(note, f"The checkpoint at size {size}")
            if signed is None:
                continue
            if signed.size != size:
                self.early.append(
                    Finding(f"The checkpoint at size {size} was signed at size {signed.size}.")
                )
            self._stored_sizes.add(signed.size)
            self._expect(signed, "in the database")

    def _read_kept(self, kept: Sequence[str]) -> None:
        for note in kept:
            signed = self._opened(note, "A checkpoint that was kept")
            if signed is not None:
                self._expect(signed, "and kept outside the database")

    def _opened(self, note: object, what: str) -> Checkpoint | None:
        try:
            text = note if isinstance(note, str) else ""
            return open_checkpoint(text, [self.verifier], origin=self.verifier.name)
        except NoteError as error:
            self.early.append(Finding(f"{what} is not ours: {error}"))
            return None

    def _expect(self, signed: Checkpoint, where: str) -> None:
        if signed.size > 0:  # the empty log is the beginning of every log
            self._signed.setdefault(signed.size, []).append((signed, where))

    def _check_heads(self) -> Iterator[Finding]:
        table = StoredTable(self.uow, LogHead)
        own = [one for one in self._heads if table.raw(one, "origin") == self.verifier.name]
        if len(self._heads) > len(own):
            yield Finding(f"There is a head of another log than {self.verifier.name}.")
        if not own and (self.expected or self.n_checkpoints):
            yield Finding(f"The log has {self.expected} sealed entries and no head.")
        for row in own:
            yield from self._check_head(table, row)

    def _check_head(self, table: StoredTable[LogHead], row: Stored) -> Iterator[Finding]:
        try:
            head = table.read(row)
        except UnreadableRow as error:
            yield Finding(f"The log's head is damaged: {error}.")
            return
        if head is None or head.size != self.expected:
            size = table.raw(row, "size")
            yield Finding(f"The log has {self.expected} entries, its head {size}.")
            return
        if head.size and head.size not in self._stored_sizes:
            yield Finding(
                f"The log's newest checkpoint is missing: at its size {head.size} nothing valid "
                "is signed."
            )
        if self.is_whole and head.frontier != {"hashes": self.frontier.to_hex()}:
            yield Finding("The log's head does not hold the hashes of its entries.")


def _missing(first: int, after: int) -> str:
    if after - first == 1:
        return f"Entry {first} is missing: the next one is {after}."
    return f"The entries {first} to {after - 1} are missing: the next one is {after}."
