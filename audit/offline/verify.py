#!/usr/bin/env python3
"""Verify an export of a Folkmoot audit log, without Folkmoot and without trusting who made it.

One file: Python 3.11 or newer and the package `cryptography`. Take it from a source that you trust,
not from the export, and the log's public key from where it was published.

    python verify.py EXPORT --key VKEY [--witness VKEY ...] [--quorum N] [--checkpoint FILE ...]
                     [--mirror FOLDER] [--receipt FILE ...] [--account FILE ...] [--json]

It ends with 0 where nothing is wrong, with 1 where something is, with 2 where it was asked wrongly.
Nothing is unpacked, nothing is written, nothing is believed because it stands in the export.

The forms: RFC 6962 (tree), RFC 8785 (canonical JSON), C2SP's signed-note, tlog-checkpoint,
tlog-cosignature and tlog-proof; an entry's personal texts as HMAC-SHA256 commitments.
"""

import argparse
import base64
import binascii
import hmac
import io
import json
import math
import os
import re
import stat
import struct
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import IO, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

try:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
except ImportError:  # an older `cryptography`: such cosignatures are said to be unchecked
    MLDSA44PublicKey = None  # type: ignore[assignment, misc]  # that is what an older one has

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

FORMAT, VERSION = "folkmoot-audit-export", 1
PROMISE = "folkmoot-promise/v1"
PROOF = "c2sp.org/tlog-proof@v1"
ERASED = "(erased)"
LONGEST_LINE = 8 * 1024 * 1024
LONGEST_FILE = 64 * 1024 * 1024  # of the files that are read whole
LONGEST_NOTE = 1_000_000
# Other ways of packing need modules that not every Python has, each with errors of its own.
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
MOST_PROBLEMS = 200
LARGEST_INTEGER = 2**53 - 1
LARGEST_SIZE = 2**63 - 1
EMPTY_ROOT = sha256(b"").digest()
# An entry may wait this long for its place and be no reason to ask why.
PATIENCE = timedelta(hours=1)
# What reading a file that somebody else has written can raise.
UNREADABLE = (
    OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, OverflowError,
    ArithmeticError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip


class Unusable(ValueError):
    """Say in a sentence why what was given cannot be used."""


# JSON, read strictly and written canonically (RFC 8785).


def read_json(text: str) -> Json:
    """Read one JSON value; refuse double keys, numbers that JSON cannot carry, and deep nesting."""
    try:
        return json.loads(  # type: ignore[no-any-return]  # the hooks below make nothing else
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_no_number,
        )
    except RecursionError as error:
        raise Unusable("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise Unusable("it is not JSON") from error


def canonical(value: Json) -> bytes:
    """Write a JSON value in the one way of RFC 8785."""
    try:
        return _canonical(value).encode()
    except UnicodeEncodeError as error:
        raise Unusable("it holds text that is not Unicode") from error
    except RecursionError as error:
        raise Unusable("it is nested too deeply") from error


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise Unusable("a key stands in it twice")
    return made


def _integer(text: str) -> int | float:
    if len(text) > 22:
        raise Unusable("a whole number in it is too large")
    # Beyond what a double holds exactly, digits without a point are a double's too.
    return int(text) if abs(int(text)) <= LARGEST_INTEGER else float(text)


def _number(text: str) -> float:
    if len(text) > 400 or not math.isfinite(float(text)):
        raise Unusable("a number in it is too large")
    return float(text)


def _no_number(text: str) -> Json:
    raise Unusable(f"{text} in it is no number")


def _canonical(value: Json) -> str:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda one: one.encode("utf-16-be"))
        return "{" + ",".join(f"{_text(key)}:{_canonical(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return _ecmascript(value)
    return json.dumps(value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _ecmascript(value: float) -> str:
    """Write a number as ECMAScript does: the shortest digits, and an exponent from 1e21 on."""
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent or 0)
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    return sign + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    n_digits = len(digits)
    if n_digits <= point <= 21:
        return digits + "0" * (point - n_digits)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    shown = digits if n_digits == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{shown}e{point - 1:+d}"


def text_of(value: Mapping[str, Json], name: str) -> str:
    """Return a text of an object, or refuse."""
    found = value.get(name)
    if not isinstance(found, str):
        raise Unusable(f"its {name} is no text")
    return found


def number_of(value: Mapping[str, Json], name: str) -> int:
    """Return a whole number from 0 on of an object, or refuse."""
    found = value.get(name)
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise Unusable(f"its {name} is no whole number from 0 on")
    return found


def object_of(value: Json, what: str = "it") -> dict[str, Json]:
    """Return an object, or refuse."""
    if not isinstance(value, dict):
        raise Unusable(f"{what} is no object")
    return value


def texts_of(value: Json, what: str) -> list[str]:
    """Return a list of texts, or refuse."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Unusable(f"its {what} is no list of texts")
    return [str(one) for one in value]


def list_of(value: Json, what: str) -> list[Json]:
    """Return a list, or refuse."""
    if not isinstance(value, list):
        raise Unusable(f"its {what} is no list")
    return value


def numbers_of(value: Json) -> tuple[int, int]:
    """Return two whole numbers, or refuse."""
    found = [one for one in list_of(value, "range") if type(one) is int]
    if len(found) != 2:
        raise Unusable("a range in it is not two numbers")
    return found[0], found[1]


def hash_of(encoded: Json) -> bytes:
    """Return 32 bytes from hexadecimal or base64, or refuse."""
    try:
        text = encoded if isinstance(encoded, str) else ""
        digest = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Unusable("a hash in it cannot be read") from error
    if len(digest) != 32:
        raise Unusable("a hash in it has not 32 bytes")
    return digest


# Keys, signed notes and checkpoints (C2SP).

ED25519, COSIGNATURE, MLDSA = 1, 4, 6
KEY_BYTES = {ED25519: 32, COSIGNATURE: 32, MLDSA: 1312}
SIGNATURE_BYTES = {ED25519: 64, COSIGNATURE: 72, MLDSA: 8 + 2420}
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Key:
    """A public key: whose it is, of which kind, and its bytes."""

    name: str
    kind: int
    material: bytes

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that signature lines call the key by."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.material
        return sha256(named).digest()[:4]

    @classmethod
    def parse(cls, text: str, kinds: Iterable[int]) -> "Key":
        """Read `name+hash+base64`, or refuse."""
        name, _, rest = text.strip().partition("+")
        stated, _, encoded = rest.partition("+")
        try:
            blob = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise Unusable("a key is written as name+hash+base64") from error
        key = cls(name, blob[0] if blob else 0, blob[1:])
        if key.kind not in kinds or len(key.material) != KEY_BYTES[key.kind]:
            raise Unusable("this key is of a kind that is not expected here")
        if not name or any(mark.isspace() for mark in name) or key.key_id.hex() != stated:
            raise Unusable("the hash in this key is not of its name and bytes")
        return key


@dataclass(frozen=True)
class Note:
    """A text, and whose signature lines are below it: name, key id and signature."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def parse(cls, note: str) -> "Note":
        """Read a signed note in its one way of writing, or refuse."""
        text, gap, below = note.rpartition("\n\n")
        if len(note) > LONGEST_NOTE or not gap or not below.endswith("\n") or _CONTROL.search(note):
            raise Unusable("it is no signed note")
        signatures = tuple(_signature(line) for line in below[:-1].split("\n"))
        if not 0 < len(signatures) <= 100:
            raise Unusable("it has no signature, or too many")
        return cls(text + "\n", signatures)

    def by(self, key: Key) -> list[bytes]:
        """Return what a key has signed, or claims to have."""
        return [one for name, key_id, one in self.signatures if (name, key_id) == _called(key)]


def _called(key: Key) -> tuple[str, bytes]:
    return key.name, key.key_id


def _signature(line: str) -> tuple[str, bytes, bytes]:
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise Unusable("a signature in it is not base64") from error
    if mark != "\N{EM DASH}" or not name or len(blob) <= 4:
        raise Unusable("a line below its text is no signature")
    if base64.b64encode(blob).decode() != encoded:
        raise Unusable("a signature in it is not written in its one way")
    return name, blob[:4], blob[4:]


@dataclass(frozen=True)
class Head:
    """What the log has signed: so many entries, under this root; and which witnesses saw it when.

    `where` says where we have it from; `is_outside` that it was kept out of the operator's reach.
    """

    size: int
    root: bytes
    where: str
    is_outside: bool = False
    seen: Mapping[str, int] = field(default_factory=dict)

    @property
    def first_seen(self) -> int:
        """Return when the first witness saw it, in seconds since 1970, or 0."""
        return min((when for when in self.seen.values() if when), default=0)


@dataclass(frozen=True)
class Trust:
    """Whose signatures count: keys of the log, keys of witnesses, and how many of these."""

    log: tuple[Key, ...]
    witnesses: tuple[Key, ...]
    quorum: int

    @property
    def origin(self) -> str:
        """Return the log's name."""
        return self.log[0].name

    def open(self, note: str, where: str, *, is_outside: bool = False) -> Head:
        """Return what the log has signed in a note, or refuse."""
        parsed = Note.parse(note)
        if not any(self._signed(parsed, key) for key in self.log):
            raise Unusable("the log's key has not signed it")
        size, root = _checkpoint(parsed.text, self.origin)
        seen = {}
        for key in self.witnesses:
            moments = [_cosigned(parsed.text, size, root, key, one) for one in parsed.by(key)]
            if moments:
                seen[key.name + key.key_id.hex()] = max(moments)
        return Head(size, root, where, is_outside, seen)

    def promised(self, note: str) -> dict[str, str]:
        """Return the lines of a promise that the log has signed, or refuse."""
        parsed = Note.parse(note)
        if not any(self._signed(parsed, key) for key in self.log):
            raise Unusable("the log's key has not signed it")
        kind, origin, *lines = parsed.text.splitlines()
        if kind != PROMISE or origin != self.origin:
            raise Unusable("it is no promise of this log")
        return dict(line.split(" ", 1) for line in lines)

    def is_witnessed(self, head: Head) -> bool:
        """Say whether as many witnesses have seen it as were asked for."""
        return bool(self.witnesses) and len(head.seen) >= self.quorum

    @staticmethod
    def _signed(note: Note, key: Key) -> bool:
        signed = note.by(key)
        for signature in signed:
            try:
                Ed25519PublicKey.from_public_bytes(key.material).verify(
                    signature, note.text.encode()
                )
            except InvalidSignature as error:
                raise Unusable(f"the signature of {key.name} does not fit it") from error
        return bool(signed)


def _checkpoint(text: str, origin: str) -> tuple[int, bytes]:
    lines = text.split("\n")
    if len(lines) < 4 or lines[0] != origin:
        raise Unusable(f"it is no checkpoint of {origin}")
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]) or int(lines[1]) > LARGEST_SIZE:
        raise Unusable("its size is no number")
    root = hash_of(lines[2])
    if base64.b64encode(root).decode() != lines[2] or (int(lines[1]) == 0 and root != EMPTY_ROOT):
        raise Unusable("its root is not written in its one way")
    return int(lines[1]), root


def _cosigned(text: str, size: int, root: bytes, key: Key, signature: bytes) -> int:
    """Return when a witness cosigned a checkpoint, or refuse."""
    if len(signature) != SIGNATURE_BYTES[key.kind]:
        raise Unusable(f"the cosignature of {key.name} has another length")
    when = int.from_bytes(signature[:8], "big")
    try:
        if key.kind == COSIGNATURE:
            message = f"cosignature/v1\ntime {when}\n{text}".encode()
            Ed25519PublicKey.from_public_bytes(key.material).verify(signature[8:], message)
        else:
            origin = text.split("\n", 1)[0]
            message = _subtree_message(key.name, when, origin, size, root)
            _mldsa(key).verify(signature[8:], message)
    except (InvalidSignature, UnsupportedAlgorithm) as error:
        raise Unusable(f"the cosignature of {key.name} does not fit it") from error
    return when


def _mldsa(key: Key) -> "MLDSA44PublicKey":
    if MLDSA44PublicKey is None:
        raise Unusable(f"this version of `cryptography` cannot check the key of {key.name}")
    return MLDSA44PublicKey.from_public_bytes(key.material)


def _subtree_message(name: str, when: int, origin: str, size: int, root: bytes) -> bytes:
    def short(text: str) -> bytes:
        return bytes([len(text.encode())]) + text.encode()

    numbers = struct.pack(">QQ", 0, size)
    return (
        b"subtree/v1\n\0" + short(name) + struct.pack(">Q", when) + short(origin) + numbers + root
    )


# The tree (RFC 6962, section 2.1).


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry into a leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """Grows from the left: it keeps the roots of the complete subtrees, the largest first."""

    def __init__(self, size: int = 0, roots: Sequence[bytes] = ()) -> None:
        if bin(size).count("1") != len(roots):
            raise Unusable(f"these are not the hashes of a tree of {size} entries")
        self.size = size
        self._roots = list(roots)

    def add(self, leaf: bytes, width: int = 1) -> None:
        """Add a leaf, or the root of a complete subtree of `width` leaves that fits here."""
        if self.size % width:
            raise Unusable("the hashes beside the exported entries do not fit")
        self.size += width
        carried = leaf
        while not self.size & width:
            carried = node_hash(self._roots.pop(), carried)
            width *= 2
        self._roots.append(carried)

    def root(self) -> bytes:
        """Return the root of the tree."""
        if not self._roots:
            return EMPTY_ROOT
        found = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            found = node_hash(left, found)
        return found


def widths(start: int, end: int) -> Iterator[int]:
    """Return the widths of the largest complete subtrees that cover the leaves [start, end)."""
    while start < end:
        width = (start & -start) if start else 1 << (end.bit_length() - 1)
        while start + width > end:
            width //= 2
        yield width
        start += width


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that a path leads to from a leaf (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        raise Unusable("its index is not in the tree")
    found = leaf
    for is_left, sibling in _with_sides(index, size - 1, path):
        found = node_hash(sibling, found) if is_left else node_hash(found, sibling)
    return found


def check_consistency(old: Head, new: Head, path: Sequence[bytes]) -> None:
    """Refuse a proof that does not show that one tree grew into another (RFC 9162, 2.1.4.2)."""
    hashes = list(path)
    if old.size & (old.size - 1) == 0:
        hashes.insert(0, old.root)
    node, last = old.size - 1, new.size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    if not hashes:
        raise Unusable("the proof of consistency is too short")
    was = now = hashes[0]
    for is_left, sibling in _with_sides(node, last, hashes[1:]):
        was = node_hash(sibling, was) if is_left else was
        now = node_hash(sibling, now) if is_left else node_hash(now, sibling)
    if was != old.root or now != new.root:
        raise Unusable("the proof of consistency does not lead from the one root to the other")


def _with_sides(node: int, last: int, path: Sequence[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Return each hash of a path up the tree, and whether it is the left one of its pair."""
    for sibling in path:
        if last == 0:
            raise Unusable("its proof is too long")
        is_left = bool(node & 1) or node == last
        yield is_left, sibling
        while is_left and node and not node & 1:
            node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    if last:
        raise Unusable("its proof is too short")


# What is found, and how it is said.


@dataclass(frozen=True)
class Problem:
    """Something wrong; `first` to `last` are the indices among which the first bad entry is."""

    sentence: str
    first: int | None = None
    last: int | None = None

    def to_text(self) -> str:
        """Write it for people."""
        if self.first is None:
            return self.sentence
        if self.last in (None, self.first):
            return f"entry {self.first}: {self.sentence}"
        return f"entries {self.first} to {self.last}: {self.sentence}"


@dataclass
class Verdict:
    """All that was found: what is proven, what is wrong, what to ask, what is not proven."""

    title: str = "Receipts"
    proven: list[str] = field(default_factory=list)
    wrong: list[Problem] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    n_wrong: int = 0

    def blame(self, sentence: str, first: int | None = None, last: int | None = None) -> None:
        """Add what is wrong."""
        self.n_wrong += 1
        if len(self.wrong) < MOST_PROBLEMS:
            self.wrong.append(Problem(printable(sentence), first, first if last is None else last))

    @property
    def is_sound(self) -> bool:
        """Say whether nothing is wrong."""
        return self.n_wrong == 0

    @property
    def first_bad(self) -> tuple[int, int] | None:
        """Return the indices among which the first bad entry is; twice the same if it is known.

        Where a root says only that it is among many, an entry among these that is wrong by itself
        is the first that can be named.
        """
        ranges = [(one.first, one.last) for one in self.wrong if one.first is not None]
        exact = sorted(first for first, last in ranges if first == last)
        wide = sorted((first, last) for first, last in ranges if last is not None and first < last)
        if not wide:
            return (exact[0], exact[0]) if exact else None
        among = [one for one in exact if one <= wide[0][1]]
        return (among[0], among[0]) if among else wide[0]


def printable(text: str, longest: int = 400) -> str:
    """Return a text that does nothing to a terminal and is not endless."""
    clean = "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in text)
    return clean if len(clean) <= longest else clean[:longest] + "…"


def page(verdict: Verdict) -> str:
    """Write a verdict for a person who has to decide what to do."""
    lines = [verdict.title, ""]
    if verdict.is_sound:
        lines.append("NOTHING IS WRONG in what could be checked.")
    else:
        lines.append(f"SOMETHING IS WRONG: {_findings(verdict.n_wrong)}.")
        if bad := verdict.first_bad:
            where = f"is {bad[0]}" if bad[0] == bad[1] else f"is one of {bad[0]} to {bad[1]}"
            lines.append(f"The first bad entry {where}.")
    wrong = [one.to_text() for one in verdict.wrong]
    if verdict.n_wrong > len(wrong):
        wrong.append(f"and {verdict.n_wrong - len(wrong)} more.")
    parts = (
        ("Wrong", "!", wrong),
        ("Proven", "+", verdict.proven if verdict.is_sound else []),
        ("Checked, and right by itself", "+", [] if verdict.is_sound else verdict.proven),
        ("Worth a question", "?", verdict.questions),
        ("Not proven by this", "-", verdict.unproven),
    )
    for name, mark, sentences in parts:
        if sentences:
            lines += ["", name, *(f"  {mark} {one}" for one in sentences)]
    return "\n".join(lines) + "\n"


def _findings(count: int) -> str:
    return "one finding" if count == 1 else f"{count} findings"


# The export: a folder or a zip file, of which nothing is unpacked.


class Bundle:
    """Reads the files of an export, whose names are fixed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.digests: dict[str, str] = {}

    def text(self, name: str) -> str:
        """Return the whole of a small file."""
        with self._open(name) as file:
            content = file.read(LONGEST_FILE + 1)
        if len(content) > LONGEST_FILE:
            raise Unusable(f"{name} is too large")
        return content.decode()

    def lines(self, name: str) -> Iterator[dict[str, Json]]:
        """Return the objects of a file of JSON lines, one by one, and keep the file's digest."""
        running = sha256()
        with self._open(name) as file:
            for number, line in enumerate(_lines(file), 1):
                running.update(line)
                try:
                    yield object_of(read_json(line.decode()))
                except ValueError as error:
                    raise Unusable(f"line {number} of {name} cannot be read: {error}") from error
        self.digests[name] = running.hexdigest()

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        if self.path.is_dir():
            place = self.path / name
            # A link or a pipe could lead anywhere, or never end.
            if not stat.S_ISREG(os.lstat(place).st_mode):
                raise Unusable(f"{name} is no plain file")
            with place.open("rb") as file:
                yield file
            return
        with zipfile.ZipFile(self.path) as archive:
            if archive.namelist().count(name) != 1:
                raise Unusable(f"{name} is not in the archive exactly once")
            if archive.getinfo(name).compress_type not in PACKED:
                raise Unusable(f"{name} is packed in another way than exports are")
            with archive.open(name) as member:
                yield member


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise Unusable("a line in it is too long")
        yield line


class Mirror:
    """Hashes of leaves that somebody copied earlier: the files of c2sp.org/tlog-tiles, level 0."""

    WIDTH = 256

    def __init__(self, folder: Path, trust: Trust) -> None:
        self.folder = folder
        note = _whole(folder / "checkpoint")
        self.head = trust.open(note, f"in the mirror {folder.name}", is_outside=True)
        self._tile: tuple[int, bytes] = (-1, b"")
        tree = Tree()
        for index in range(self.head.size):
            tree.add(self.leaf(index))
        if tree.root() != self.head.root:
            raise Unusable("its tiles do not lead to its checkpoint")

    def leaf(self, index: int) -> bytes:
        """Return the hash of a leaf, whose tile is read once for all its neighbours."""
        number, place = divmod(index, self.WIDTH)
        if self._tile[0] != number:
            width = min(self.WIDTH, self.head.size - number * self.WIDTH)
            self._tile = number, self._read(number, width)
        return self._tile[1][32 * place : 32 * place + 32]

    def _read(self, number: int, width: int) -> bytes:
        groups = f"{number:0{(len(str(number)) + 2) // 3 * 3}}"
        parts = [groups[at : at + 3] for at in range(0, len(groups), 3)]
        path = (
            self.folder / "tile" / "0" / "/".join([*(f"x{one}" for one in parts[:-1]), parts[-1]])
        )
        whole = path if path.is_file() else Path(f"{path}.p") / str(width)
        hashes = whole.read_bytes()[: 32 * width]
        if len(hashes) != 32 * width:
            raise Unusable("a tile of it is too short")
        return hashes


@dataclass(frozen=True)
class Manifest:
    """What an export says it is; nothing of it is believed before it has been checked."""

    origin: str
    first: int
    end: int
    size: int
    has_texts: bool
    exported_at: datetime
    left: tuple[bytes, ...]
    right: tuple[bytes, ...]
    sources: Mapping[str, frozenset[str]]
    digests: Mapping[str, str]

    @property
    def is_whole(self) -> bool:
        """Say whether all entries of the log are in the export."""
        return self.first == 0 and self.end == self.size

    @classmethod
    def read(cls, bundle: Bundle) -> "Manifest":
        """Read the manifest, or refuse."""
        told = object_of(read_json(bundle.text("manifest.json")))
        if told.get("format") != FORMAT or told.get("version") != VERSION:
            raise Unusable(f"it is no {FORMAT} of version {VERSION}")
        first, end, size = (number_of(told, name) for name in ("first", "end", "size"))
        if not first <= end <= size <= LARGEST_SIZE:
            raise Unusable("its range is not within its size")
        sources = object_of(told.get("sources"), "sources")
        files = object_of(told.get("files"), "files")
        return cls(
            origin=text_of(told, "origin"),
            first=first,
            end=end,
            size=size,
            has_texts=told.get("texts") is True,
            exported_at=moment(text_of(told, "exported_at")),
            left=tuple(map(hash_of, texts_of(told.get("left"), "left"))),
            right=tuple(map(hash_of, texts_of(told.get("right"), "right"))),
            sources={name: frozenset(texts_of(one, name)) for name, one in sources.items()},
            digests={name: text_of(object_of(one), "sha256") for name, one in files.items()},
        )


def moment(text: str) -> datetime:
    """Read a time with its zone, or refuse."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
        # Some moments of the years 1 and 9999 are of no year in UTC.
        found = found if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unusable("a time in it cannot be read") from error
    if found.tzinfo is None:
        raise Unusable("a time in it has no zone")
    return found


# Entries.


@dataclass(frozen=True)
class Entry:
    """What one leaf commits to, as far as a check needs it."""

    entry_id: str
    action: str
    actor: str
    sequence: int
    subject_id: str
    recorded_at: datetime
    facts: dict[str, Json]
    commitments: Mapping[str, str]
    leaf: bytes


def entry_of(line: Mapping[str, Json]) -> Entry:
    """Read an entry from its stored bytes; refuse bytes that are not the canonical ones."""
    stored = line.get("envelope")
    if not isinstance(stored, str):
        raise Unusable("its bytes are no text")
    content = stored.encode()
    told = object_of(read_json(stored))
    if canonical(told) != content:
        raise Unusable("its bytes are not in canonical form")
    number_of(told, "version")
    committed = object_of(told.get("commitments"), "commitments")
    return Entry(
        entry_id=text_of(told, "id"),
        action=text_of(told, "action"),
        actor=text_of(told, "actor"),
        sequence=number_of(told, "actor_sequence"),
        subject_id=text_of(object_of(told.get("subject"), "subject"), "id"),
        recorded_at=moment(text_of(told, "recorded_at")),
        facts=object_of(told.get("facts"), "facts"),
        commitments={name: text_of(committed, name) for name in committed},
        leaf=leaf_hash(content),
    )


def check_disclosed(shown: Json, commitments: Mapping[str, str]) -> dict[str, str]:
    """Return the disclosed texts of an entry, each with its salt held against the commitment."""
    texts = {}
    for name, one in object_of({} if shown is None else shown, "what is disclosed").items():
        value = text_of(object_of(one), "value")
        salt = hash_of(object_of(one).get("salt"))
        told = commitments.get(name, "")
        committed = hmac.digest(salt, value.encode(), "sha256").hex()
        if not hmac.compare_digest(committed.encode(), told.encode()):
            raise Unusable(f"its text {name!r} is not what was committed to")
        texts[name] = value
    return texts


class Counters:
    """Each actor's entries are numbered from 1 on without a gap."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}
        self._ahead: dict[str, dict[int, int]] = {}

    def see(self, actor: str, number: int, index: int) -> str | None:
        """Take an entry's number; return what is wrong with it."""
        awaited = self._next.setdefault(actor, 1)
        ahead = self._ahead.setdefault(actor, {})
        if number < awaited or number in ahead:
            return f"its actor {actor} has two entries with the number {number}"
        ahead[number] = index
        while self._next[actor] in ahead:
            del ahead[self._next[actor]]
            self._next[actor] += 1
        return None

    def gaps(self) -> Iterator[tuple[str, int]]:
        """Return each actor with a gap, and the index of the first entry after it."""
        for actor, ahead in self._ahead.items():
            if ahead:
                yield actor, min(ahead.values())

    def compare(self, counted: Mapping[str, int]) -> Iterator[str]:
        """Return what is wrong between the entries and the counters of the database."""
        for actor in sorted(self._next.keys() | counted.keys()):
            seen, told = self._next.get(actor, 1) - 1, counted.get(actor, 0)
            if not self._ahead.get(actor) and seen != told:
                yield (
                    f"the actor {actor} has {seen} entries, and was counted to {told}: "
                    f"{'entries are missing' if told > seen else 'the counter was set back'}"
                )


class Erasures:
    """Which texts were erased, by which entries, each of which says how many and the digest."""

    ACTIONS = ("person.erased", "retention.applied")

    def __init__(self) -> None:
        self.fields: dict[str, frozenset[str]] = {}
        self.expired: list[tuple[int, int]] = []
        self._covered: list[tuple[int, int]] = []
        self._done: dict[str, tuple[int, str]] = {}

    def over(self, index: int) -> None:
        """Note an entry whose content is gone; its leaf is still in the tree."""
        if self.expired and self.expired[-1][1] == index - 1:
            self.expired[-1] = self.expired[-1][0], index
        else:
            self.expired.append((index, index))

    def uncovered(self) -> int | None:
        """Return the first entry whose content is gone and no entry of a retention says so."""
        self._covered.sort()
        for first, last in self.expired:
            index = first
            for start, end in self._covered:
                if start <= index <= end:
                    index = end + 1
            if index <= last:
                return index
        return None

    def read(self, lines: Iterable[dict[str, Json]]) -> None:
        """Read which texts were erased, those of one erasure after the other."""
        for erasure, texts in groupby(lines, lambda one: text_of(one, "erasure")):
            if erasure in self._done:
                raise Unusable("what was erased is not in its order")
            pairs = [(text_of(one, "entry"), text_of(one, "field")) for one in texts]
            for entry_id, name in pairs:
                self.fields[entry_id] = self.fields.get(entry_id, frozenset()) | {name}
            written = "".join(sorted(f"{entry_id} {name}\n" for entry_id, name in pairs))
            self._done[erasure] = len(pairs), sha256(written.encode()).hexdigest()

    def compare(self, entry: Entry, place: int) -> str | None:
        """Hold what an entry of an erasure says against what was erased before it."""
        if entry.action not in self.ACTIONS:
            return None
        for run in list_of(entry.facts.get("expired", []), "expired"):
            first, last = numbers_of(run)
            if last >= place:
                return "It says of entries that came after it that their time was over."
            self._covered.append((first, last))
        n_texts, digest = self._done.pop(entry.entry_id, (0, sha256(b"").hexdigest()))
        if (n_texts, digest) != (entry.facts.get("n_texts"), entry.facts.get("texts_digest")):
            return "What was erased is not what this entry says."
        return None

    def without_entry(self) -> list[str]:
        """Return the erasures of which no entry was seen."""
        return sorted(self._done)


# Business rows and reports.


@dataclass(frozen=True)
class Kept:
    """What is remembered of an entry that a business row must fit."""

    index: int | None
    subject_id: str
    facts: Mapping[str, bytes]
    texts: Mapping[str, bytes]
    commitments: Mapping[str, str]
    erased: frozenset[str]


def digest_of(value: Json) -> bytes:
    """Return half a SHA-256 of a value: enough to compare, and small enough to keep."""
    return sha256(canonical(value)).digest()[:16]


class Rows:
    """Holds what business rows claim against the entries, and the entries against the rows."""

    def __init__(self, sources: Mapping[str, frozenset[str]]) -> None:
        self.sources = sources
        self._claimed = frozenset().union(*sources.values()) if sources else frozenset()
        self._kept: dict[str, tuple[str, Kept]] = {}
        self.n_rows = 0
        self.expired: set[str] = set()
        self.uncompared: Counter[str] = Counter()

    def remember(
        self, entry: Entry, texts: Mapping[str, str], erased: frozenset[str], index: int | None
    ) -> None:
        """Keep what is needed of an entry whose kind has business rows."""
        if entry.action not in self._claimed:
            self.uncompared[entry.action] += 1
            return
        self._kept[entry.entry_id] = (
            entry.action,
            Kept(
                index=index,
                subject_id=entry.subject_id,
                facts={name: digest_of(fact) for name, fact in entry.facts.items()},
                texts={name: digest_of(text) for name, text in texts.items()},
                commitments=entry.commitments,
                erased=erased,
            ),
        )

    def check(self, lines: Iterable[dict[str, Json]], verdict: Verdict) -> None:
        """Hold every claim against its entry, and look for entries that no row claims."""
        claims: dict[str, Counter[str]] = {name: Counter() for name in self.sources}
        named: set[str] = set()
        for line in lines:
            source = text_of(line, "source")
            entry_id = line.get("entry")
            if "finding" in line:
                named.add(str(entry_id))
                verdict.blame(text_of(line, "finding"), self._index(entry_id))
                continue
            self.n_rows += 1
            if source not in claims:
                raise Unusable(f"the rows {source!r} are not announced in the manifest")
            claims[source][text_of(line, "entry")] += 1
            self._compare(line, verdict)
        for entry_id, (action, kept) in self._kept.items():
            for source, actions in self.sources.items():
                if action in actions and entry_id not in named:
                    self._reconcile(claims[source][entry_id], action, kept, verdict)

    def _compare(self, line: Mapping[str, Json], verdict: Verdict) -> None:
        what = f"the {text_of(line, 'subject_type')} {text_of(line, 'subject_id')}"
        found = self._kept.get(text_of(line, "entry"))
        if found is None and text_of(line, "entry") in self.expired:
            return
        if found is None:
            verdict.blame(f"There is no entry for {what}: it was never logged, or was removed.")
            return
        kept = found[1]
        if not _says(kept, text_of(line, "subject_id"), object_of(line.get("facts"), "facts")):
            verdict.blame(f"In the database {what} is not what was recorded.", kept.index)
        for name, value in object_of(line.get("personal"), "personal").items():
            if not _fits(kept, name, value):
                verdict.blame(
                    f"In the database the {name} of {what} is not what was recorded.", kept.index
                )

    @staticmethod
    def _reconcile(times: int, action: str, kept: Kept, verdict: Verdict) -> None:
        if times == 0:
            verdict.blame(
                f"What was recorded here ({action}) is no longer in the database.", kept.index
            )
        if times > 1:
            verdict.blame(f"{times} rows say that they are this entry's.", kept.index)

    def _index(self, entry_id: Json) -> int | None:
        found = self._kept.get(entry_id) if isinstance(entry_id, str) else None
        return found[1].index if found else None


def _says(kept: Kept, subject_id: str, facts: Mapping[str, Json]) -> bool:
    """Say whether a row's facts are the entry's, but for what an erasure took from the row."""
    if subject_id != kept.subject_id or facts.keys() != kept.facts.keys():
        return False
    differing = [name for name in facts if digest_of(facts[name]) != kept.facts[name]]
    return not differing or (bool(kept.erased) and all(facts[one] == ERASED for one in differing))


def _fits(kept: Kept, name: str, value: Json) -> bool:
    """Say whether a row's text is the entry's: by the text itself, or by its commitment."""
    if isinstance(value, dict):
        return text_of(value, "commitment") == kept.commitments.get(name)
    if name in kept.texts:
        return kept.texts[name] == digest_of(value)
    return value == ERASED and name in kept.erased


# The check of a whole export.


@dataclass
class Wanted:
    """What a receipt says must be in the log: a leaf, at a place if it had one already."""

    name: str
    leaf: bytes
    entry_id: str
    index: int | None
    said: str
    deadline: datetime | None = None
    found: int | None = None
    is_found: bool = False
    impostor: int | None = None
    # Of a tlog-proof, which has the path to a signed root and not the entry.
    path: Sequence[bytes] = ()
    head: Head | None = None

    def fits(self, leaf: bytes, index: int | None) -> bool:
        """Say whether this is the leaf."""
        if self.head is None or index is None or index != self.index:
            return bool(self.leaf) and leaf == self.leaf
        return root_by_inclusion(leaf, index, self.head.size, self.path) == self.head.root


class Check:
    """One pass over an export."""

    def __init__(self, bundle: Bundle, trust: Trust, verdict: Verdict) -> None:
        self.bundle, self.trust, self.verdict = bundle, trust, verdict
        self.manifest = Manifest.read(bundle)
        self.heads: dict[int, list[Head]] = {}
        self.wanted: list[Wanted] = []
        self.mirror: Mirror | None = None
        self.n_not_mirrored = 0
        self.accounts: list[tuple[str, dict[str, Json]]] = []
        self.counters = Counters()
        self.rows = Rows(self.manifest.sources)
        self.by_action: Counter[str] = Counter()
        self.reports: dict[str, tuple[int | None, dict[str, Json]]] = {}
        self.erasures = Erasures()
        self.ids: set[bytes] = set()
        self.n_entries = self.n_waiting = self.n_texts = 0
        self.is_whole = True
        self.is_cut_short = False
        self.tree = Tree()
        self.right_outside = self.right_inside = 0
        self.n_dated_back = 0
        self.newest: Head | None = None

    def expect(self, head: Head) -> None:
        """Take a signed head that the tree must agree with."""
        known = self.heads.setdefault(head.size, [])
        if head not in known:
            known.append(head)

    def run(self) -> None:
        """Check everything, one part after the other; a part that cannot be read is a finding."""
        if self.manifest.origin != self.trust.origin:
            self.verdict.blame(f"The export is of the log {self.manifest.origin!r}.")
        self._title()
        parts: tuple[tuple[str, Callable[[], None]], ...] = (
            ("checkpoints", self._read_heads),
            ("erased texts", self._read_erased),
            ("entries", self._check_entries),
            ("waiting entries", self._check_waiting),
            ("ends", self._check_ends),
            ("erasures", self._check_erasures),
            ("counters", self._check_counters),
            ("business rows", self._check_rows),
            ("reports", self._check_reports),
            ("accounts", self._check_accounts),
            ("receipts", self._check_wanted),
            ("files", self._check_digests),
        )
        for what, part in parts:
            try:
                part()
            except UNREADABLE as error:
                self.is_whole = self.is_whole and what != "entries"
                reason = str(error) or type(error).__name__
                self.verdict.blame(f"The {what} of the export cannot be checked: {reason}.")
        self._say()

    def _title(self) -> None:
        told = self.manifest
        which = "all entries" if told.is_whole else f"entries {told.first} to {told.end - 1}"
        self.verdict.title = printable(
            f"Audit log {told.origin}: {which} of {told.size}, "
            f"exported {told.exported_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        )

    # Heads.

    def _read_heads(self) -> None:
        for number, line in enumerate(self.bundle.lines("checkpoints.jsonl"), 1):
            try:
                head = self.trust.open(text_of(line, "note"), "in the export")
            except ValueError as error:
                self.verdict.blame(f"Checkpoint {number} of the export is not valid: {error}.")
                continue
            self.expect(head)
            if head.size == self.manifest.size:
                self.newest = head
        self._refuse_forks()
        if self.newest is None and self.manifest.size:
            self.verdict.blame(
                f"The log has not signed the size {self.manifest.size} that the export states."
            )

    def _refuse_forks(self) -> None:
        for size, heads in sorted(self.heads.items()):
            if len({head.root for head in heads}) > 1:
                where = " and ".join(sorted({head.where for head in heads}))
                self.verdict.blame(
                    f"The log has signed two different trees of the size {size} ({where}): "
                    "it shows different people different logs, or was rewritten.",
                    self._last_common(size),
                    size - 1,
                )

    def _last_common(self, size: int) -> int:
        agreed = [
            at
            for at, heads in self.heads.items()
            if at < size
            and len({head.root for head in heads}) == 1
            and any(head.is_outside or self.trust.is_witnessed(head) for head in heads)
        ]
        return max(agreed, default=0)

    def _compare(self, tree: Tree) -> None:
        for head in self.heads.get(tree.size, ()):
            is_right = head.root == tree.root()
            outside = head.is_outside or self.trust.is_witnessed(head)
            if is_right:
                self.right_inside = tree.size
                self.right_outside = tree.size if outside else self.right_outside
            elif tree.size:
                self._blame_root(head, outside)

    def _blame_root(self, head: Head, outside: bool) -> None:
        first = self.right_outside if outside else max(self.right_inside, self.right_outside)
        # Outside agreement is older knowledge than what the database says of itself.
        first = min(first, head.size - 1)
        self.verdict.blame(
            f"The log is not the one that was signed at size {head.size} ({head.where}); at size "
            f"{first} it still was.",
            first,
            head.size - 1,
        )
        self.heads[head.size] = []
        # One rewritten entry makes every later root wrong: that is said once for each witness.
        for size in [one for one in self.heads if one > head.size]:
            later = self.heads[size]
            self.heads[size] = [
                one for one in later if (one.is_outside or self.trust.is_witnessed(one)) != outside
            ]

    # Entries.

    def _check_entries(self) -> None:
        told = self.manifest
        tree = self.tree = Tree(told.first, told.left)
        self._compare(tree)
        seen = self._moments()
        for line in self.bundle.lines("entries.jsonl"):
            index = number_of(line, "index")
            self._note_place(index, told.first + self.n_entries)
            self.n_entries += 1
            leaf = self._check_entry(line, index, next(seen, 0) if self.is_whole else 0)
            self._compare_with_mirror(leaf, index)
            if self.is_whole:
                tree.add(leaf)
                self._compare(tree)
        if self.is_whole and tree.size != told.end:
            self.is_whole = False
            self.verdict.blame(f"The export should end at {told.end}, and does here.", tree.size)
        if self.is_whole:
            self._grow_to_the_end(tree)

    def _compare_with_mirror(self, leaf: bytes, index: int) -> None:
        if self.mirror is None or index >= self.mirror.head.size:
            return
        if leaf != self.mirror.leaf(index):
            self.n_not_mirrored += 1
            if self.n_not_mirrored == 1:
                self.verdict.blame("It is another entry than the mirror has at this place.", index)

    def _note_place(self, index: int, awaited: int) -> None:
        if index == awaited or not self.is_whole:
            return
        self.is_whole = False
        if index > awaited:
            self.verdict.blame(f"It is missing: the next one is {index}.", awaited)
        else:
            self.verdict.blame(f"It stands where entry {awaited} should.", index)

    def _moments(self) -> Iterator[int]:
        """Return for each entry when a witness had seen the log without it, or 0."""
        latest = 0
        for index in range(self.manifest.first, self.manifest.end):
            for head in self.heads.get(index, ()):
                latest = max(latest, head.first_seen)
            yield latest

    def _grow_to_the_end(self, tree: Tree) -> None:
        told = self.manifest
        beyond = list(widths(told.end, told.size))
        if len(beyond) != len(told.right):
            raise Unusable("the hashes after the exported entries do not fit")
        for width, root in zip(beyond, told.right):  # noqa: B905  # equal lengths, Python 3.10
            tree.add(root, width)
        if told.end < told.size:
            self._compare(tree)

    def _check_entry(self, line: dict[str, Json], index: int | None, seen_at: int) -> bytes:
        """Check one entry by itself, and return its leaf hash."""
        for sentence in texts_of(line.get("found", []), "found"):
            self.verdict.blame(f"The exporter's own check says: {sentence}", index)
        if "expired" in line and index is not None:
            return self._check_expired(line, index)
        try:
            entry = entry_of(line)
        except ValueError as error:
            self.verdict.blame(f"It cannot be read: {error}.", index)
            return self._leaf_of_unreadable(line)
        if hash_of(line.get("leaf_hash")) != entry.leaf:
            self.verdict.blame("It was changed after it was recorded.", index)
        self._take(entry, line, index)
        if seen_at and entry.recorded_at.timestamp() < seen_at - PATIENCE.total_seconds():
            self.n_dated_back += 1
        return entry.leaf

    def _check_expired(self, line: Mapping[str, Json], index: int) -> bytes:
        """Take an entry whose content is gone, and with it all that its leaf could prove."""
        told = object_of(line.get("expired"), "what is left of it")
        self.erasures.over(index)
        self.rows.expired.add(text_of(told, "id"))
        self.by_action[text_of(told, "action")] += index < self.manifest.end
        actor, number = text_of(told, "actor"), number_of(told, "actor_sequence")
        if problem := self.counters.see(actor, number, index):
            self.verdict.blame(f"In the log, {problem}.", index)
        leaf = hash_of(line.get("leaf_hash"))
        self._look_for_wanted(leaf, text_of(told, "id"), index)
        return leaf

    @staticmethod
    def _leaf_of_unreadable(line: Mapping[str, Json]) -> bytes:
        stored = line.get("envelope")
        if isinstance(stored, str):
            return leaf_hash(stored.encode(errors="surrogatepass"))
        return leaf_hash(base64.b64decode(text_of(line, "envelope_base64")))

    def _take(self, entry: Entry, line: Mapping[str, Json], index: int | None) -> None:
        texts: dict[str, str] = {}
        try:
            texts = check_disclosed(line.get("disclosures"), entry.commitments)
        except ValueError as error:
            self.verdict.blame(f"It discloses wrongly: {error}.", index)
        self.n_texts += len(texts)
        key = sha256(entry.entry_id.encode()).digest()[:16]
        if key in self.ids:
            self.verdict.blame(f"Another entry has its id, {entry.entry_id}.", index)
        self.ids.add(key)
        place = self.manifest.end if index is None else index
        if problem := self.counters.see(entry.actor, entry.sequence, place):
            self.verdict.blame(f"In the log, {problem}.", index)
        erased = self.erasures.fields.get(entry.entry_id, frozenset())
        gone = set(entry.commitments) - set(texts) - erased
        if gone and self.manifest.has_texts:
            self.verdict.blame(f"Its text {min(gone)!r} is gone, and no erasure says so.", index)
        # Who waits for a place will come after all that have one.
        if problem := self.erasures.compare(entry, self.tree.size if index is None else index):
            self.verdict.blame(problem, index)
        self.rows.remember(entry, texts, erased, index)
        if entry.action == "report.finished":
            self.reports[entry.entry_id] = index, entry.facts
        if index is not None and index < self.manifest.end:
            self.by_action[entry.action] += 1
        self._look_for_wanted(entry.leaf, entry.entry_id, index)

    def _look_for_wanted(self, leaf: bytes, entry_id: str, index: int | None) -> None:
        for one in self.wanted:
            if one.fits(leaf, index):
                one.found, one.is_found = index, True
            elif entry_id == one.entry_id or (one.index is not None and index == one.index):
                one.impostor = index

    def _check_waiting(self) -> None:
        """Check entries without a place, and those whose place nobody has witnessed yet."""
        for line in self.bundle.lines("waiting.jsonl"):
            self.n_waiting += 1
            if "index" not in line:
                self._check_entry(line, None, 0)
                continue
            index = number_of(line, "index")
            self._note_place(index, self.tree.size)
            leaf = self._check_entry(line, index, 0)
            if self.is_whole:
                self.tree.add(leaf)
                self._compare(self.tree)

    # The ends of the log, and heads outside the exported range.

    def _check_ends(self) -> None:
        told = self.manifest
        paths = {
            number_of(line, "old_size"): [hash_of(one) for one in texts_of(line["path"], "path")]
            for line in self.bundle.lines("consistency.jsonl")
        }
        for size in sorted(self.heads):
            for head in self.heads[size]:
                if size > max(told.size, self.tree.size):
                    self.verdict.blame(
                        f"The log had {size} entries ({head.where}), and now has "
                        f"{self.tree.size}: it was cut short, or set back to an older copy.",
                        self.tree.size,
                    )
                    self.is_cut_short = True
                elif 0 < size < told.first or told.end < size < told.size:
                    self._compare_by_proof(head, paths.get(size))
        self._check_witnessed()

    def _compare_by_proof(self, head: Head, path: Sequence[bytes] | None) -> None:
        if path is None or self.newest is None:
            if head.is_outside:
                self.verdict.blame(
                    f"The export has no proof that the log grew from the size {head.size} "
                    f"({head.where}): ask for an export of all entries, or for one made with "
                    "--checkpoint and that file."
                )
            return
        try:
            check_consistency(head, self.newest, path)
        except Unusable as error:
            self.verdict.blame(
                f"The log is not the one that was signed at size {head.size} ({head.where}): "
                f"{error}."
            )

    def _check_witnessed(self) -> None:
        if not self.trust.witnesses or self.newest is None:
            return
        if not self.trust.is_witnessed(self.newest):
            self.verdict.blame(
                f"The newest checkpoint, of size {self.newest.size}, is cosigned by "
                f"{len(self.newest.seen)} of the witnesses, and {self.trust.quorum} were asked "
                "for: others may be shown another log.",
                *self._not_witnessed(),
            )

    def _not_witnessed(self) -> tuple[int, int]:
        witnessed = [
            size
            for size, heads in self.heads.items()
            if size <= self.manifest.size and any(map(self.trust.is_witnessed, heads))
        ]
        return max(witnessed, default=0), self.manifest.size - 1

    # What refers to the entries.

    def _read_erased(self) -> None:
        self.erasures.read(self.bundle.lines("erased.jsonl"))

    def _check_erasures(self) -> None:
        index = self.erasures.uncovered()
        if index is not None and self.manifest.is_whole:
            self.verdict.blame("Its content is gone, and no entry of a retention says so.", index)
        left = self.erasures.without_entry()
        if left and self.manifest.is_whole:
            self.verdict.blame(f"There is no entry of the erasure {left[0]}.")
        elif left:
            self.verdict.unproven.append(
                "That texts which are gone were erased as their entries say."
            )

    def _check_counters(self) -> None:
        counted: dict[str, int] = {}
        for line in self.bundle.lines("counters.jsonl"):
            counted[text_of(line, "actor")] = number_of(line, "last_sequence")
        if not self.manifest.is_whole:
            self.verdict.unproven.append(
                "That no entry of an actor is missing: that needs an export of all entries."
            )
            return
        for actor, index in self.counters.gaps():
            where = index if index < self.manifest.end else None
            self.verdict.blame(f"Entries of the actor {actor} are missing before this one.", where)
        for sentence in self.counters.compare(counted):
            self.verdict.blame(f"By the counters, {sentence}.")

    def _check_rows(self) -> None:
        self.rows.check(self.bundle.lines("claims.jsonl"), self.verdict)

    def _check_reports(self) -> None:
        for line in self.bundle.lines("reports.jsonl"):
            name = f"the report {text_of(line, 'report')}"
            if text_of(line, "entry") in self.rows.expired:
                continue
            index, facts = self.reports.pop(text_of(line, "entry"), (None, {}))
            if not facts:
                self.verdict.blame(f"There is no entry for {name}.")
                continue
            content = {"definition": line.get("definition"), "result": line.get("result")}
            if sha256(canonical(content)).hexdigest() != facts.get("digest"):
                self.verdict.blame(f"In the database {name} is not what was recorded.", index)
            if index is not None and number_of(facts, "log_size") > index:
                self.verdict.blame(f"It says that {name} rests on entries after it.", index)

    def _check_accounts(self) -> None:
        for name, told in [("account.json", self._own_account()), *self.accounts]:
            mine: dict[str, Json] = dict(self.by_action)
            if (told.get("first"), told.get("end")) != (self.manifest.first, self.manifest.end):
                self.verdict.blame(f"{name} is of another range than the export.")
            elif (stated := object_of(told.get("by_action"), "by_action")) != mine:
                for action in sorted(stated.keys() | mine.keys()):
                    if stated.get(action, 0) != mine.get(action, 0):
                        self.verdict.blame(
                            f"{name} counts {stated.get(action, 0)} times {action}, "
                            f"the entries {mine.get(action, 0)} times."
                        )

    def _own_account(self) -> dict[str, Json]:
        return object_of(read_json(self.bundle.text("account.json")))

    def _check_wanted(self) -> None:
        for one in self.wanted:
            if one.is_found:
                self._check_place(one)
            elif self.manifest.is_whole or one.impostor is not None:
                is_other = one.impostor is not None
                said = "Its place is taken by an entry that" if is_other else "The entry"
                self.verdict.blame(
                    f"{said} differs from what {one.name} promised, or it was removed.",
                    one.impostor,
                )
            else:
                self.verdict.unproven.append(
                    f"Whether the entry of {one.name} is in the log: the export does not reach it."
                )

    def _check_place(self, one: Wanted) -> None:
        if one.index is not None and one.found != one.index:
            self.verdict.blame(
                f"The entry of {one.name} was at {one.index}, and is now elsewhere.", one.index
            )
        elif one.found is None:
            late = one.deadline is not None and one.deadline < self.manifest.exported_at
            if late:
                self.verdict.questions.append(
                    f"The entry of {one.name} waits for its place longer than was promised."
                )
        else:
            self.verdict.proven.append(f"{one.name}: its entry is in the log, at {one.found}.")

    def _check_digests(self) -> None:
        for name, digest in self.bundle.digests.items():
            if self.manifest.digests.get(name) != digest:
                self.verdict.blame(f"The file {name} is not the one that the manifest names.")

    # What is said in the end.

    def _say(self) -> None:
        told, proven = self.manifest, self.verdict.proven
        proven.insert(
            0,
            f"{self.n_entries} entries are in canonical form, at contiguous places, and hash to "
            "the signed roots."
            if self.is_whole
            else f"{self.n_entries} entries were read.",
        )
        if self.right_outside:
            proven.append(
                f"Up to size {self.right_outside} the log is the one that was seen from outside."
            )
        if self.newest and self.trust.is_witnessed(self.newest):
            proven.append(
                f"{len(self.newest.seen)} of {len(self.trust.witnesses)} witnesses have seen the "
                f"log at size {told.size}."
            )
        if told.is_whole:
            proven.append("Every actor's entries are numbered without a gap.")
        proven.append(f"{self.n_texts} disclosed texts are what was committed to.")
        proven.append(f"{self.rows.n_rows} business rows fit their entries, and these the rows.")
        self._ask()
        self._admit()

    def _ask(self) -> None:
        if self.n_dated_back:
            self.verdict.questions.append(
                f"{self.n_dated_back} entries say that they were recorded over an hour before a "
                "witness saw the log without them: long transactions, an outage, or dated back?"
            )
        if self.n_waiting:
            self.verdict.questions.append(
                f"{self.n_waiting} entries wait for their place in the tree."
            )

    def _admit(self) -> None:
        say = self.verdict.unproven.append
        if not self.right_outside:
            say(
                "That the log was not rewritten as a whole: no checkpoint that was kept elsewhere "
                "(--checkpoint) and no witness (--witness) was held against it."
            )
        elif self.right_outside < self.manifest.size:
            say(
                f"That the entries from {self.right_outside} on were not rewritten since: nobody "
                "outside had seen them."
            )
        if self.is_cut_short:
            say("Whether what is left of the log is what was there when it was longer.")
        if self.n_waiting:
            say("The entries that wait: until they have a place, only receipts can hold them.")
        if self.erasures.expired:
            say("What entries said whose time was over: only that each was there, and where.")
        if not self.manifest.has_texts:
            say("What the withheld texts say: the export was made without them.")
        if self.rows.uncompared:
            kinds = ", ".join(sorted(self.rows.uncompared))
            say(printable(f"Business rows of these kinds, which are not compared: {kinds}.", 2000))
        say(
            "That what was recorded is true, and that nothing was left out of both the log and "
            "the business rows: that only receipts in other hands can show."
        )


# Receipts.


def receipt_of(text: str, name: str, trust: Trust) -> tuple[Wanted, Head | None]:
    """Check a receipt by itself; return what must be in the log, and the head that it carries."""
    if text.startswith(PROOF):
        return _tlog_proof(text, name, trust)
    told = object_of(read_json(text))
    told = object_of(told.get("receipt", told))
    if "promise" in told:
        return _promised(text_of(told, "promise"), name, trust), None
    entry = entry_of(told)
    check_disclosed(told.get("disclosures"), entry.commitments)
    index = number_of(told, "leaf_index")
    head = trust.open(text_of(told, "checkpoint"), f"in {name}", is_outside=True)
    path = [hash_of(one) for one in texts_of(told.get("inclusion"), "inclusion")]
    if root_by_inclusion(entry.leaf, index, head.size, path) != head.root:
        raise Unusable("its proof does not lead from its entry to the signed root")
    said = f"it is entry {index}, {entry.action}, recorded at {entry.recorded_at.isoformat()}"
    return Wanted(name, entry.leaf, entry.entry_id, index, said), head


def _promised(note: str, name: str, trust: Trust) -> Wanted:
    lines = trust.promised(note)
    return Wanted(
        name=name,
        leaf=hash_of(lines.get("leaf")),
        entry_id=lines.get("entry", ""),
        index=None,
        said=f"it promises a place to {lines.get('entry', '')} until {lines.get('deadline', '')}",
        deadline=moment(lines.get("deadline", "")),
    )


def _tlog_proof(text: str, name: str, trust: Trust) -> tuple[Wanted, Head]:
    above, _, note = text.partition("\n\n")
    head = trust.open(note, f"in {name}", is_outside=True)
    lines = [one for one in above.split("\n")[1:] if not one.startswith("extra ")]
    if not lines or not re.fullmatch(r"index (0|[1-9][0-9]{0,18})", lines[0]):
        raise Unusable("it names no entry")
    index = int(lines[0].removeprefix("index "))
    path = [hash_of(one) for one in lines[1:]]
    root_by_inclusion(EMPTY_ROOT, index, head.size, path)  # refuses a path of another length
    said = f"it is a proof for entry {index}"
    return Wanted(name, b"", "", index, said, path=path, head=head), head


# The command.


def notes_in(text: str) -> list[str]:
    """Return each of the signed notes that were written to one file, one after the other."""
    notes: list[str] = []
    lines: list[str] = []
    for line in text.strip().split("\n"):
        mark = "\N{EM DASH} "
        if lines and lines[-1].startswith(mark) and not line.startswith(mark):
            notes.append("\n".join(lines) + "\n")
            lines = []
        if lines or line:
            lines.append(line)
    return [*notes, "\n".join(lines) + "\n"]


def verify(
    export: Path | None,
    *,
    trust: Trust,
    checkpoints: Sequence[Path] = (),
    receipts: Sequence[Path] = (),
    accounts: Sequence[Path] = (),
    mirror: Path | None = None,
) -> Verdict:
    """Check an export, or receipts alone; whatever cannot be read is a finding."""
    verdict = Verdict()
    heads = _kept_heads(checkpoints, trust, verdict)
    wanted = _receipts(receipts, trust, verdict, heads)
    if export is None:
        if any(one.head for one in wanted):
            verdict.unproven.append("Of which entry a tlog-proof is: that needs an export.")
        verdict.unproven.append("That the log still holds what they say: that needs an export.")
        return verdict
    try:
        check = Check(Bundle(export), trust, verdict)
        if mirror is not None:
            check.mirror = Mirror(mirror, trust)
            heads.append(check.mirror.head)
        check.accounts = [(one.name, object_of(read_json(_whole(one)))) for one in accounts]
    except UNREADABLE as error:
        verdict.title = f"The export {export}"
        verdict.blame(f"It, or what it is to be held against, cannot be read: {error}.")
        return verdict
    check.wanted = wanted
    for head in heads:
        check.expect(head)
    check.run()
    return verdict


def _kept_heads(files: Sequence[Path], trust: Trust, verdict: Verdict) -> list[Head]:
    heads = []
    for file in files:
        try:
            notes = notes_in(_whole(file))
            heads += [trust.open(note, f"kept in {file.name}", is_outside=True) for note in notes]
        except UNREADABLE as error:
            verdict.blame(f"The checkpoint in {file.name} cannot be used: {error}.")
    return heads


def _receipts(
    files: Sequence[Path], trust: Trust, verdict: Verdict, heads: list[Head]
) -> list[Wanted]:
    wanted = []
    for file in files:
        try:
            one, head = receipt_of(_whole(file), file.name, trust)
        except UNREADABLE as error:
            verdict.blame(f"The receipt {file.name} cannot be used: {error}.")
            continue
        verdict.proven.append(printable(f"{file.name}: the log has signed it; {one.said}."))
        wanted.append(one)
        heads += [head] if head else []
    return wanted


def _whole(file: Path) -> str:
    found = file.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > LONGEST_FILE:
        raise Unusable("it is no plain file, or too large")
    return file.read_bytes().decode()


def _options(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, Trust]:
    options = argparse.ArgumentParser(description="Verify an export of a Folkmoot audit log.")
    options.add_argument("export", type=Path, nargs="?", help="the folder or zip file")
    options.add_argument("--key", action="append", required=True, help="the log's public key")
    options.add_argument("--witness", action="append", default=[], help="a witness's public key")
    options.add_argument("--quorum", type=int, help="how many of the witnesses; all if not given")
    for name in ("checkpoint", "receipt", "account"):
        options.add_argument(f"--{name}", action="append", default=[], type=Path)
    options.add_argument("--mirror", type=Path, help="a folder of tiles that you copied earlier")
    options.add_argument("--json", action="store_true", help="write the verdict for programs")
    chosen = options.parse_args(arguments)
    if chosen.export is None and not chosen.receipt:
        options.error("give an export, or a receipt")
    try:
        log = tuple(Key.parse(one, [ED25519]) for one in chosen.key)
        witnesses = tuple(Key.parse(one, [COSIGNATURE, MLDSA]) for one in chosen.witness)
    except Unusable as error:
        options.error(str(error))
    quorum = len(witnesses) if chosen.quorum is None else chosen.quorum
    if len({key.name for key in log}) > 1 or not (bool(witnesses) <= quorum <= len(witnesses)):
        options.error("the keys are of several logs, or the quorum is not within the witnesses")
    return chosen, Trust(log, witnesses, quorum)


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify, print what was found, and return 0 or 1."""
    chosen, trust = _options(arguments)
    verdict = verify(
        chosen.export,
        trust=trust,
        checkpoints=chosen.checkpoint,
        receipts=chosen.receipt,
        accounts=chosen.account,
        mirror=chosen.mirror,
    )
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout.write(_as_json(verdict) if chosen.json else page(verdict))
    return 0 if verdict.is_sound else 1


def _as_json(verdict: Verdict) -> str:
    told = {
        "is_sound": verdict.is_sound,
        "first_bad": verdict.first_bad,
        "wrong": [one.to_text() for one in verdict.wrong],
        "proven": verdict.proven,
        "questions": verdict.questions,
        "unproven": verdict.unproven,
    }
    return json.dumps(told, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main())
