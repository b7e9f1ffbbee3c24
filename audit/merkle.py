"""The Merkle tree of RFC 6962 and RFC 9162 (section 2.1 of either), with its proofs.

Everything here is bytes in, bytes out: leaf hashes and proofs are 32-byte SHA-256 digests, and
nothing is stored. `D[n]`, `MTH`, `PATH` and `SUBPROOF` below are the names of the RFC.

    MerkleError             the base of all; its text is a sentence for the person who reads it
    ├─ OutOfRange           there is no such leaf or tree size
    ├─ MalformedHashes      hashes that have the wrong length or the wrong number
    └─ InvalidProof         the proof does not show what it claims
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256
from typing import Self

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "MAX_SIZE",
    "ConsistencyProof",
    "Frontier",
    "InclusionProof",
    "InvalidProof",
    "MalformedHashes",
    "MerkleError",
    "OutOfRange",
    "consistency_ranges",
    "inclusion_ranges",
    "leaf_hash",
    "node_hash",
    "prove_consistency",
    "prove_inclusion",
    "root_of",
    "split",
    "verify_consistency",
    "verify_inclusion",
]

HASH_BYTES = 32
SIZE_BYTES = 8
EMPTY_ROOT = sha256(b"").digest()
MAX_SIZE = 2**63 - 1


class MerkleError(ValueError):
    """Say what is wrong with a tree or a proof."""


class OutOfRange(MerkleError):
    """Say that there is no such leaf or tree size."""


class MalformedHashes(MerkleError):
    """Say that hashes have the wrong length or the wrong number."""


class InvalidProof(MerkleError):
    """Say that a proof does not show what it claims."""


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Hold what shows that leaf `index` is in the tree of `size` leaves."""

    index: int
    size: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """Hold what shows that the tree of `old_size` leaves is a prefix of the one of `new_size`."""

    old_size: int
    new_size: int
    path: tuple[bytes, ...]


# Hashes: RFC 6962, section 2.1. The prefixes keep a leaf from passing for a node.


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry into a leaf: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return MTH, the root over leaf hashes in their order.

    Pairing neighbours level by level, and lifting a last one without a neighbour, builds the
    tree of the RFC's recursion (split at the largest power of two) with no recursion.
    """
    _require_hashes(leaf_hashes)
    if not leaf_hashes:
        return EMPTY_ROOT
    level = list(leaf_hashes)
    while len(level) > 1:
        unpaired = level[-1:] if len(level) % 2 else []
        level = [*map(node_hash, level[0:-1:2], level[1::2]), *unpaired]
    return level[0]


# The frontier: all that a log must remember of its past in order to grow.


@dataclass(frozen=True, slots=True)
class Frontier:
    """Hold the roots of the complete subtrees of a tree, the largest and leftmost first.

    There is one for each one-bit of `size`: seven for a million leaves.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE:
            raise OutOfRange(f"A tree cannot have {self.size} leaves.")
        _require_hashes(self.hashes)
        if len(self.hashes) != self.size.bit_count():
            raise MalformedHashes(f"These are not the hashes of a tree of {self.size} leaves.")

    def extend(self, leaf_hashes: Sequence[bytes]) -> "Frontier":
        """Return the frontier after these leaves as well."""
        _require_hashes(leaf_hashes)
        stack = list(self.hashes)
        for size, leaf in enumerate(leaf_hashes, self.size + 1):
            stack.append(leaf)
            # Every trailing zero bit of the new size is a pair of equal subtrees to be joined.
            for _ in range((size & -size).bit_length() - 1):
                right = stack.pop()
                stack.append(node_hash(stack.pop(), right))
        return Frontier(self.size + len(leaf_hashes), tuple(stack))

    def root(self) -> bytes:
        """Return the root of the tree, from the smallest subtree up."""
        if not self.hashes:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(self.hashes))

    def to_bytes(self) -> bytes:
        """Write the size as 8 bytes, big-endian, and then the hashes."""
        return self.size.to_bytes(SIZE_BYTES, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """Read what `to_bytes` wrote; raise MalformedHashes for anything else."""
        if len(stored) < SIZE_BYTES:
            raise MalformedHashes(f"A frontier has at least {SIZE_BYTES} bytes.")
        starts = range(SIZE_BYTES, len(stored), HASH_BYTES)
        hashes = tuple(stored[start : start + HASH_BYTES] for start in starts)
        return cls(int.from_bytes(stored[:SIZE_BYTES], "big"), hashes)

    def to_hex(self) -> list[str]:
        """Write the hashes as hexadecimal text, for a JSON column beside the size."""
        return [digest.hex() for digest in self.hashes]

    @classmethod
    def from_hex(cls, size: int, hashes: Iterable[str]) -> Self:
        """Read what `to_hex` wrote; raise MalformedHashes for anything else."""
        try:
            digests = tuple(map(bytes.fromhex, hashes))
        except ValueError as error:
            raise MalformedHashes("A frontier's hashes are hexadecimal text.") from error
        return cls(size, digests)


# Proofs: the subtrees that a proof consists of, as ranges of leaves. A log that stores subtree
# hashes can look each range up; the two `prove_` functions compute them from the leaves.


def inclusion_ranges(index: int, size: int) -> list[range]:
    """Return the ranges of leaves whose roots are PATH(index, D[size]), the lowest first."""
    if not 0 <= index < size <= MAX_SIZE:
        raise OutOfRange(f"A tree of {size} leaves has no leaf {index}.")
    return _path(index, range(size))


def _path(index: int, leaves: range) -> list[range]:
    if len(leaves) == 1:
        return []
    left, right = split(leaves)
    if index in left:
        return [*_path(index, left), right]
    return [*_path(index, right), left]


def consistency_ranges(old_size: int, new_size: int) -> list[range]:
    """Return the ranges of leaves whose roots are PROOF(old_size, D[new_size])."""
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise OutOfRange(f"A tree of {new_size} leaves cannot have grown from one of {old_size}.")
    # The empty tree is a prefix of every tree, and there is nothing to show for it.
    return _subproof(old_size, range(new_size)) if old_size else []


def _subproof(old_size: int, leaves: range) -> list[range]:
    if old_size == leaves.stop:
        # A subtree from the first leaf on is the old tree, whose root the verifier has.
        return [leaves] if leaves.start else []
    left, right = split(leaves)
    if old_size <= left.stop:
        return [*_subproof(old_size, left), right]
    return [*_subproof(old_size, right), left]


def prove_inclusion(leaf_hashes: Sequence[bytes], index: int) -> InclusionProof:
    """Prove that leaf `index` is in the tree over these leaf hashes."""
    size = len(leaf_hashes)
    return InclusionProof(index, size, _roots(leaf_hashes, inclusion_ranges(index, size)))


def prove_consistency(leaf_hashes: Sequence[bytes], old_size: int) -> ConsistencyProof:
    """Prove that the tree over these leaf hashes begins with its first `old_size` leaves."""
    size = len(leaf_hashes)
    return ConsistencyProof(old_size, size, _roots(leaf_hashes, consistency_ranges(old_size, size)))


# Verification: the same recursion. The tests hold it against the loops of RFC 9162, section 2.1.


def verify_inclusion(proof: InclusionProof, *, leaf: bytes, root: bytes) -> None:
    """Check that `leaf` (a leaf hash) is where the proof says under `root`, or raise MerkleError.

    The caller takes `root`, and the size to expect, from a checkpoint that it trusts.
    """
    _require_hashes([leaf, root, *proof.path])
    _require_length(proof.path, inclusion_ranges(proof.index, proof.size))
    if _root_above(leaf, proof.index, range(proof.size), list(proof.path)) != root:
        raise InvalidProof(f"The proof does not lead from leaf {proof.index} to the root.")


def _root_above(leaf: bytes, index: int, leaves: range, path: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaf
    left, right = split(leaves)
    sibling = path.pop()
    if index in left:
        return node_hash(_root_above(leaf, index, left, path), sibling)
    return node_hash(sibling, _root_above(leaf, index, right, path))


def verify_consistency(proof: ConsistencyProof, *, old_root: bytes, new_root: bytes) -> None:
    """Check that the old tree is a prefix of the new one, or raise MerkleError.

    The caller takes both roots, and the sizes to expect, from checkpoints that it trusts.
    """
    _require_hashes([old_root, new_root, *proof.path])
    _require_length(proof.path, consistency_ranges(proof.old_size, proof.new_size))
    if proof.old_size == 0:
        old, new = EMPTY_ROOT, new_root if proof.new_size else EMPTY_ROOT
    else:
        leaves = range(proof.new_size)
        old, new = _roots_above(old_root, proof.old_size, leaves, list(proof.path))
    if old != old_root:
        raise InvalidProof(f"The proof does not lead to the root at size {proof.old_size}.")
    if new != new_root:
        raise InvalidProof(f"The proof does not lead to the root at size {proof.new_size}.")


def _roots_above(
    old_root: bytes, old_size: int, leaves: range, path: list[bytes]
) -> tuple[bytes, bytes]:
    if old_size == leaves.stop:
        shared = path.pop() if leaves.start else old_root
        return shared, shared
    left, right = split(leaves)
    sibling = path.pop()
    if old_size <= left.stop:
        old, new = _roots_above(old_root, old_size, left, path)
        return old, node_hash(new, sibling)
    old, new = _roots_above(old_root, old_size, right, path)
    return node_hash(sibling, old), node_hash(sibling, new)


def split(leaves: range) -> tuple[range, range]:
    """Split two leaves or more where the RFC does: k is the largest power of two below n."""
    middle = leaves.start + (1 << ((len(leaves) - 1).bit_length() - 1))
    return range(leaves.start, middle), range(middle, leaves.stop)


def _roots(leaf_hashes: Sequence[bytes], ranges: Iterable[range]) -> tuple[bytes, ...]:
    return tuple(root_of(leaf_hashes[leaves.start : leaves.stop]) for leaves in ranges)


def _require_hashes(digests: Iterable[bytes]) -> None:
    for digest in digests:
        if len(digest) != HASH_BYTES:
            raise MalformedHashes(f"A hash has {HASH_BYTES} bytes, not {len(digest)}.")


def _require_length(path: Sequence[bytes], ranges: Sequence[range]) -> None:
    if len(path) != len(ranges):
        raise InvalidProof(f"This proof must have {len(ranges)} hashes, not {len(path)}.")
