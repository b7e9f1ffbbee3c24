"""One entry's proof as one text, c2sp.org/tlog-proof: index, path and signed checkpoint.

It proves to anyone who has the entry's bytes and the log's public key, with no network, that the
entry is in the log at that place. Such files end in `.tlog-proof`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from audit.merkle import InclusionProof, verify_inclusion
from audit.notes import Checkpoint, NoteVerifier, open_checkpoint
from audit.signing_keys import from_base64, to_base64

__all__ = ["MalformedProofFile", "ProofFile"]

FIRST_LINE = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_EXTRA = "extra "


class MalformedProofFile(ValueError):
    """Say that this is not the text of a tlog-proof."""


@dataclass(frozen=True, slots=True)
class ProofFile:
    """Hold the place of an entry, the path from its leaf to the root, and the signed root."""

    index: int
    path: tuple[bytes, ...]
    note: str
    extra: bytes = b""
    """What the application adds; nothing authenticates it."""

    def to_text(self) -> str:
        """Write the file."""
        extra = [f"{_EXTRA}{to_base64(self.extra)}"] if self.extra else []
        lines = [FIRST_LINE, *extra, f"index {self.index}", *map(to_base64, self.path), ""]
        return "".join(f"{line}\n" for line in lines) + self.note

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a file without believing it, or raise MalformedProofFile."""
        head, _, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        extra = lines.pop(0).removeprefix(_EXTRA) if lines and lines[0].startswith(_EXTRA) else ""
        match = _INDEX.fullmatch(lines[0]) if lines else None
        if first != FIRST_LINE or match is None or not note:
            raise MalformedProofFile("This is not a tlog-proof.")
        try:
            file = cls(int(match[1]), tuple(map(from_base64, lines[1:])), note, from_base64(extra))
        except ValueError as error:
            raise MalformedProofFile("A line of this tlog-proof is not base64.") from error
        if file.to_text() != text:
            raise MalformedProofFile("This tlog-proof is not written in its one canonical way.")
        return file

    def verify(self, *, leaf: bytes, origin: str, verifiers: Iterable[NoteVerifier]) -> Checkpoint:
        """Check that a leaf hash is in the log, or raise MerkleError or NoteError."""
        checkpoint = open_checkpoint(self.note, verifiers, origin=origin)
        proof = InclusionProof(self.index, checkpoint.size, self.path)
        verify_inclusion(proof, leaf=leaf, root=checkpoint.root)
        return checkpoint
