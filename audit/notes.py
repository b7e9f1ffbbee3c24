"""Signed notes and checkpoints as C2SP defines them, so that verifiers by others accept ours.

Sources: c2sp.org/signed-note (type 0x01, Ed25519) and c2sp.org/tlog-checkpoint. A note is text, an
empty line, and signature lines. It is read strictly: there is one way to write each note, and
anything else is refused.

    NoteError               the base of all; its text is a sentence for the person who reads it
    ├─ MalformedKey         this is not a key (audit.signing_keys)
    ├─ MalformedNote        this is not a signed note
    ├─ MalformedCheckpoint  this is not the text of a checkpoint, or it is of another log
    ├─ InvalidSignature     a known key's signature does not fit the text (audit.signing_keys)
    └─ UnverifiedNote       no known key has signed
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self

from audit.signing_keys import (
    KEY_ID_BYTES,
    NoteError,
    SigningKey,
    from_base64,
    is_key_name,
    to_base64,
)

__all__ = [
    "Checkpoint",
    "MalformedCheckpoint",
    "MalformedNote",
    "Note",
    "NoteVerifier",
    "Signature",
    "UnverifiedNote",
    "open_checkpoint",
    "open_note",
    "sign_note",
]

ROOT_BYTES = 32
MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
SIGNATURE_PREFIX = "\N{EM DASH} "

_CONTROL_CHARACTER = re.compile(r"[\x00-\x09\x0b-\x1f]")
# Nineteen digits hold every size of a tree (2**63 - 1 at most) and no more work than that.
_TREE_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class MalformedNote(NoteError):
    """Say that this is not a signed note."""


class MalformedCheckpoint(NoteError):
    """Say that this is not the text of a checkpoint, or that it is of another log."""


class UnverifiedNote(NoteError):
    """Say that no known key has signed."""


class NoteVerifier(Protocol):
    """What can check signatures: a log's key, or a witness's (`audit.cosigning`)."""

    @property
    def name(self) -> str:
        """Return the name that its signatures bear."""

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that its signatures begin with."""

    def verify(self, text: str, signature: bytes) -> None:
        """Check a signature of a note's text, or raise InvalidSignature."""


# Notes.


@dataclass(frozen=True, slots=True)
class Signature:
    """Hold one signature line: whose it says it is, and the bytes after the key id."""

    name: str
    key_id: bytes
    value: bytes

    def to_line(self) -> str:
        """Write the line, its newline included."""
        return f"{SIGNATURE_PREFIX}{self.name} {to_base64(self.key_id + self.value)}\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line without its newline, or raise MalformedNote."""
        name, _, encoded = line.removeprefix(SIGNATURE_PREFIX).partition(" ")
        try:
            blob = from_base64(encoded)
        except ValueError as error:
            raise MalformedNote("A signature is not base64.") from error
        signature = cls(name, blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])
        if not (is_key_name(name) and signature.value and signature.to_line() == f"{line}\n"):
            raise MalformedNote("A line below the text is not a signature line.")
        return signature


@dataclass(frozen=True, slots=True)
class Note:
    """Hold a text, which ends with a newline, and signatures of it."""

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        _require_utf8(self.text)
        if not self.text.endswith("\n") or _CONTROL_CHARACTER.search(self.text):
            raise MalformedNote("A note's text ends with a newline and has no control characters.")
        if not 0 < len(self.signatures) <= MAX_SIGNATURES:
            raise MalformedNote(f"A note has 1 to {MAX_SIGNATURES} signatures.")

    def to_text(self) -> str:
        """Write the note as it is published."""
        return f"{self.text}\n{''.join(signature.to_line() for signature in self.signatures)}"

    @classmethod
    def parse(cls, note: str | bytes) -> Self:
        """Read a note without believing it, or raise MalformedNote."""
        # Only \n ends a line here: str.splitlines would also split at U+0085 and U+2028.
        text, empty_line, signatures = _require_utf8(note).rpartition("\n\n")
        if not empty_line or not signatures.endswith("\n"):
            raise MalformedNote("A note is text, an empty line, and whole signature lines.")
        return cls(f"{text}\n", tuple(map(Signature.parse, signatures[:-1].split("\n"))))


def sign_note(text: str, *keys: SigningKey) -> str:
    """Return the note that these keys have signed, or raise MalformedNote."""
    _require_utf8(text)
    signatures = (Signature(key.name, key.verifier.key_id, key.sign(text)) for key in keys)
    return Note(text, tuple(signatures)).to_text()


def open_note(note: str | bytes, verifiers: Iterable[NoteVerifier]) -> Note:
    """Return the text with only the signatures that known keys made, each of them once.

    Signatures of unknown keys are passed over. Raise MalformedNote, InvalidSignature where one of
    a known key does not fit, and UnverifiedNote where there is none of a known key.
    """
    parsed = Note.parse(note)
    known = {(key.name, key.key_id): key for key in verifiers}
    verified: dict[Signature, None] = {}
    for signature in parsed.signatures:
        if key := known.get((signature.name, signature.key_id)):
            key.verify(parsed.text, signature.value)
            verified[signature] = None
    if not verified:
        raise UnverifiedNote("No known key has signed this note.")
    return Note(parsed.text, tuple(verified))


# Checkpoints.


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Hold what a log states of itself: its origin, its size and its root (32 bytes)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            if not line or "\n" in line or _CONTROL_CHARACTER.search(line):
                raise MalformedCheckpoint("Each line of a checkpoint is one line of text.")
        if not _TREE_SIZE.fullmatch(str(self.size)):
            raise MalformedCheckpoint("A checkpoint's size is a whole number, written plainly.")
        if len(self.root) != ROOT_BYTES:
            raise MalformedCheckpoint(f"A checkpoint's root has {ROOT_BYTES} bytes.")

    def to_text(self) -> str:
        """Write the text that is signed."""
        lines = (self.origin, str(self.size), to_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of an opened note, or raise MalformedCheckpoint."""
        try:
            origin, size, root, *extensions, _ = text.split("\n")
            checkpoint = cls(origin, int(size), from_base64(root), tuple(extensions))
        except MalformedCheckpoint:
            raise
        except ValueError as error:
            raise MalformedCheckpoint("A checkpoint is an origin, a size and a root.") from error
        if checkpoint.to_text() != text:
            raise MalformedCheckpoint("This checkpoint is not written in its one canonical way.")
        return checkpoint

    def sign(self, *keys: SigningKey) -> str:
        """Return the signed note of this checkpoint."""
        return sign_note(self.to_text(), *keys)


def open_checkpoint(
    note: str | bytes, verifiers: Iterable[NoteVerifier], *, origin: str
) -> Checkpoint:
    """Return what a log of this origin has signed, or raise NoteError.

    `verifiers` are the log's own keys: a witness's signature alone does not speak for the log.
    """
    checkpoint = Checkpoint.parse(open_note(note, verifiers).text)
    if checkpoint.origin != origin:
        raise MalformedCheckpoint(f"This checkpoint is of {checkpoint.origin}, not of {origin}.")
    return checkpoint


def _require_utf8(note: str | bytes) -> str:
    try:
        text = note if isinstance(note, str) else note.decode()
        length = len(text.encode())
    except UnicodeError as error:
        raise MalformedNote("A note is written in UTF-8.") from error
    if length > MAX_NOTE_BYTES:
        raise MalformedNote(f"A note has at most {MAX_NOTE_BYTES} bytes.")
    return text
