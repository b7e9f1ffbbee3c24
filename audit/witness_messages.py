"""What a log asks a witness, and how it is written: `add-checkpoint` of c2sp.org/tlog-witness."""

import re
from dataclasses import dataclass
from typing import Self

from audit.merkle import HASH_BYTES, MAX_SIZE
from audit.signing_keys import from_base64, to_base64

__all__ = [
    "ADD_CHECKPOINT",
    "MOST_PROOF_LINES",
    "SIZE_TYPE",
    "AddCheckpoint",
    "MalformedRequest",
    "parse_size",
]

ADD_CHECKPOINT = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
MOST_PROOF_LINES = 63

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_OLD = "old "


class MalformedRequest(ValueError):
    """Say that this is not what a log may ask a witness."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """Ask for a cosignature: the size last cosigned, the proof from there, the new checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    def to_bytes(self) -> bytes:
        """Write the body of the request."""
        lines = [f"{_OLD}{self.old_size}", *map(to_base64, self.proof), "", self.note]
        return "\n".join(lines).encode()

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read the body of a request, or raise MalformedRequest."""
        try:
            head, empty_line, note = body.decode().partition("\n\n")
        except UnicodeDecodeError as error:
            raise MalformedRequest("A request is written in UTF-8.") from error
        first, *lines = head.split("\n")
        if not empty_line or not first.startswith(_OLD) or len(lines) > MOST_PROOF_LINES:
            raise MalformedRequest(
                f"A request is an old size, at most {MOST_PROOF_LINES} hashes, an empty line and "
                "a checkpoint."
            )
        return cls(parse_size(first.removeprefix(_OLD)), tuple(map(_parse_hash, lines)), note)


def parse_size(text: str) -> int:
    """Read a tree's size, written plainly, or raise MalformedRequest."""
    if not _SIZE.fullmatch(text) or int(text) > MAX_SIZE:
        raise MalformedRequest("A size is a whole number, written plainly.")
    return int(text)


def _parse_hash(line: str) -> bytes:
    try:
        digest = from_base64(line)
    except ValueError as error:
        raise MalformedRequest("A line of the proof is not base64.") from error
    if len(digest) != HASH_BYTES or to_base64(digest) != line:
        raise MalformedRequest(f"A line of the proof is one hash of {HASH_BYTES} bytes.")
    return digest
