"""Proofs at random sizes, against tampering, and against RFC 9162's own loops."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    ConsistencyProof,
    InclusionProof,
    InvalidProof,
    MalformedHashes,
    MerkleError,
    OutOfRange,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    root_of,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(300)]
sizes = st.integers(1, len(LEAVES))


@st.composite
def inclusions(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(sizes)
    return draw(st.integers(0, size - 1)), size


@st.composite
def growths(draw: st.DrawFn, least: int = 0) -> tuple[int, int]:
    old, new = sorted((draw(st.integers(least, 300)), draw(st.integers(least, 300))))
    return old, new


def included(index: int, size: int) -> tuple[InclusionProof, bytes, bytes]:
    return prove_inclusion(LEAVES[:size], index), LEAVES[index], root_of(LEAVES[:size])


def grown(old: int, new: int) -> tuple[ConsistencyProof, bytes, bytes]:
    return prove_consistency(LEAVES[:new], old), root_of(LEAVES[:old]), root_of(LEAVES[:new])


def flipped(digest: bytes, bit: int) -> bytes:
    return (int.from_bytes(digest, "big") ^ (1 << bit)).to_bytes(len(digest), "big")


@given(inclusions())
def test_every_inclusion_proof_verifies(case: tuple[int, int]):
    proof, leaf, root = included(*case)
    verify_inclusion(proof, leaf=leaf, root=root)
    assert loop_of_rfc_9162_includes(proof, leaf, root)


@given(growths())
def test_every_consistency_proof_verifies(case: tuple[int, int]):
    proof, old_root, new_root = grown(*case)
    verify_consistency(proof, old_root=old_root, new_root=new_root)
    if case[0] > 0:
        assert loop_of_rfc_9162_is_consistent(proof, old_root, new_root)


@given(inclusions(), st.data())
def test_an_inclusion_proof_with_one_flipped_bit_fails(case: tuple[int, int], data: st.DataObject):
    proof, leaf, root = included(*case)
    hashes = [leaf, root, *proof.path]
    at = data.draw(st.integers(0, len(hashes) - 1))
    hashes[at] = flipped(hashes[at], data.draw(st.integers(0, 255)))
    with pytest.raises(InvalidProof):
        verify_inclusion(replace(proof, path=tuple(hashes[2:])), leaf=hashes[0], root=hashes[1])


@given(growths(), st.data())
def test_a_consistency_proof_with_one_flipped_bit_fails(case: tuple[int, int], data: st.DataObject):
    proof, old_root, new_root = grown(*case)
    hashes = [old_root, new_root, *proof.path]
    # Every tree continues the empty one, so there any other new root is as good.
    at = data.draw(st.integers(0, len(hashes) - 1).filter(lambda at: case[0] > 0 or at == 0))
    hashes[at] = flipped(hashes[at], data.draw(st.integers(0, 255)))
    tampered = replace(proof, path=tuple(hashes[2:]))
    with pytest.raises(InvalidProof):
        verify_consistency(tampered, old_root=hashes[0], new_root=hashes[1])


@given(inclusions(), inclusions())
def test_an_inclusion_proof_for_another_place_is_judged_as_the_rfc_does(
    case: tuple[int, int], other: tuple[int, int]
):
    proof, leaf, root = included(*case)
    moved = replace(proof, index=other[0], size=other[1])
    assert verifies_inclusion(moved, leaf, root) == loop_of_rfc_9162_includes(moved, leaf, root)


@given(growths(least=1), growths(least=1))
def test_a_consistency_proof_for_other_sizes_is_judged_as_the_rfc_does(
    case: tuple[int, int], other: tuple[int, int]
):
    proof, old_root, new_root = grown(*case)
    moved = replace(proof, old_size=other[0], new_size=other[1])
    verdict = loop_of_rfc_9162_is_consistent(moved, old_root, new_root)
    assert verifies_consistency(moved, old_root, new_root) == verdict


@given(inclusions())
def test_a_leaf_proved_at_another_index_of_the_same_tree_fails(case: tuple[int, int]):
    proof, leaf, root = included(*case)
    for index in set(range(proof.size)) - {proof.index}:
        assert not verifies_inclusion(replace(proof, index=index), leaf, root)


@given(growths(least=1))
def test_a_rewritten_history_cannot_be_proved_consistent(case: tuple[int, int]):
    old, new = case
    rewritten = [leaf_hash(b"rewritten"), *LEAVES[1:new]]
    proof = prove_consistency(rewritten, old)
    assert not verifies_consistency(proof, root_of(LEAVES[:old]), root_of(rewritten))


@given(inclusions(), st.integers(0, 9))
def test_a_longer_or_shorter_path_fails(case: tuple[int, int], at: int):
    proof, leaf, root = included(*case)
    longer = (*proof.path[:at], LEAVES[0], *proof.path[at:])
    assert not verifies_inclusion(replace(proof, path=longer), leaf, root)
    if proof.path:
        assert not verifies_inclusion(replace(proof, path=proof.path[1:]), leaf, root)
        assert not verifies_inclusion(replace(proof, path=proof.path[:-1]), leaf, root)


def test_a_node_cannot_pass_for_a_leaf_hash_of_another_length():
    proof = InclusionProof(0, 1, ())
    with pytest.raises(MalformedHashes):
        verify_inclusion(proof, leaf=b"", root=EMPTY_ROOT)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3), (0, MAX_SIZE + 1)])
def test_there_is_no_proof_of_a_leaf_outside_the_tree(index: int, size: int):
    with pytest.raises(OutOfRange):
        inclusion_ranges(index, size)
    assert not verifies_inclusion(InclusionProof(index, size, ()), LEAVES[0], LEAVES[0])


@pytest.mark.parametrize(("old", "new"), [(-1, 1), (2, 1), (1, 10**100)])
def test_there_is_no_proof_of_a_tree_that_shrank_or_cannot_be(old: int, new: int):
    with pytest.raises(OutOfRange):
        consistency_ranges(old, new)
    assert not verifies_consistency(ConsistencyProof(old, new, ()), LEAVES[0], LEAVES[0])


def test_the_empty_tree_grows_into_any_and_only_from_its_own_root():
    assert verifies_consistency(ConsistencyProof(0, 9, ()), EMPTY_ROOT, LEAVES[0])
    assert not verifies_consistency(ConsistencyProof(0, 9, ()), LEAVES[0], LEAVES[0])
    assert not verifies_consistency(ConsistencyProof(0, 0, ()), EMPTY_ROOT, LEAVES[0])
    assert not verifies_consistency(ConsistencyProof(0, 9, (LEAVES[0],)), EMPTY_ROOT, LEAVES[0])


def test_the_largest_tree_has_ranges_that_do_not_need_its_leaves():
    ranges = inclusion_ranges(MAX_SIZE - 1, MAX_SIZE)
    assert sum(map(len, ranges)) == MAX_SIZE - 1


def verifies_inclusion(proof: InclusionProof, leaf: bytes, root: bytes) -> bool:
    try:
        verify_inclusion(proof, leaf=leaf, root=root)
    except MerkleError:
        return False
    return True


def verifies_consistency(proof: ConsistencyProof, old_root: bytes, new_root: bytes) -> bool:
    try:
        verify_consistency(proof, old_root=old_root, new_root=new_root)
    except MerkleError:
        return False
    return True


def loop_of_rfc_9162_includes(proof: InclusionProof, leaf: bytes, root: bytes) -> bool:
    """Follow section 2.1.3.2 to the letter."""
    if proof.index >= proof.size:
        return False
    walked = walk_of_rfc_9162((proof.index, proof.size - 1), leaf, proof.path)
    return walked is not None and walked[1] == root


def loop_of_rfc_9162_is_consistent(
    proof: ConsistencyProof, old_root: bytes, new_root: bytes
) -> bool:
    """Follow section 2.1.4.2 to the letter; equal sizes, which it leaves out, need equal roots."""
    if proof.old_size == proof.new_size:
        return not proof.path and old_root == new_root
    if not proof.path:
        return False
    path = [old_root, *proof.path] if proof.old_size.bit_count() == 1 else list(proof.path)
    fn, sn = proof.old_size - 1, proof.new_size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    return walk_of_rfc_9162((fn, sn), path[0], path[1:]) == (old_root, new_root)


def walk_of_rfc_9162(
    place: tuple[int, int], start: bytes, path: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """Return fr and sr at the end of the loop that both sections share; r is sr."""
    (fn, sn), fr, sr = place, start, start
    for c in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return (fr, sr) if sn == 0 else None
