"""The tree, its frontier and its proofs against published vectors."""

from hashlib import sha256
from itertools import pairwise
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import (
    Frontier,
    MalformedHashes,
    OutOfRange,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The vectors of the Certificate Transparency reference implementation.
CT_ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_LEAVES = [leaf_hash(entry) for entry in CT_ENTRIES]
CT_INCLUSION = {
    0: (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    5: (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}
CT_CONSISTENCY = {
    (1, 1): (),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}

LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(300)]


def test_leaves_and_nodes_are_hashed_apart():
    assert leaf_hash(b"x") == sha256(b"\x00x").digest()
    assert node_hash(b"l", b"r") == sha256(b"\x01lr").digest()


@pytest.mark.parametrize(("size", "root"), list(enumerate(CT_ROOTS)))
def test_the_published_roots_come_out_of_leaves_and_frontier(size: int, root: str):
    assert root_of(CT_LEAVES[:size]).hex() == root
    assert Frontier().extend(CT_LEAVES[:size]).root().hex() == root


@pytest.mark.parametrize(("index", "path"), list(CT_INCLUSION.items()))
def test_the_published_inclusion_proofs_come_out_and_verify(index: int, path: tuple[str, ...]):
    proof = prove_inclusion(CT_LEAVES, index)
    assert tuple(digest.hex() for digest in proof.path) == path
    verify_inclusion(proof, leaf=CT_LEAVES[index], root=bytes.fromhex(CT_ROOTS[8]))


@pytest.mark.parametrize(("sizes", "path"), list(CT_CONSISTENCY.items()))
def test_the_published_consistency_proofs_come_out_and_verify(
    sizes: tuple[int, int], path: tuple[str, ...]
):
    old, new = sizes
    proof = prove_consistency(CT_LEAVES[:new], old)
    assert tuple(digest.hex() for digest in proof.path) == path
    roots = [bytes.fromhex(CT_ROOTS[size]) for size in sizes]
    verify_consistency(proof, old_root=roots[0], new_root=roots[1])


@given(st.integers(0, 300), st.lists(st.integers(0, 300)))
def test_a_frontier_extended_in_any_batches_has_the_root_of_all(size: int, cuts: list[int]):
    edges = [0, *sorted(min(cut, size) for cut in cuts), size]
    frontier = Frontier()
    for start, stop in pairwise(edges):
        frontier = frontier.extend(LEAVES[start:stop])
    assert frontier.size == size
    assert frontier.root() == root_of(LEAVES[:size])


def test_extending_a_frontier_leaves_the_old_one_as_it_was():
    old = Frontier().extend(LEAVES[:5])
    old.extend(LEAVES[5:9])
    assert (old.size, old.root()) == (5, root_of(LEAVES[:5]))


@given(st.integers(0, 300))
def test_a_frontier_survives_being_stored(size: int):
    frontier = Frontier().extend(LEAVES[:size])
    assert Frontier.from_bytes(frontier.to_bytes()) == frontier
    assert Frontier.from_hex(frontier.size, frontier.to_hex()) == frontier


def test_a_damaged_frontier_is_refused():
    stored = Frontier().extend(LEAVES[:7]).to_bytes()
    for damaged in (b"", stored[:7], stored[:-1], stored + b"\x00", stored + LEAVES[0]):
        with pytest.raises(MalformedHashes):
            Frontier.from_bytes(damaged)
    for hashes in (["zz"], ["00"], []):
        with pytest.raises(MalformedHashes):
            Frontier.from_hex(1, hashes)
    with pytest.raises(OutOfRange):
        Frontier(-1)


def test_a_short_leaf_hash_is_refused():
    with pytest.raises(MalformedHashes):
        root_of([b"short"])
    with pytest.raises(MalformedHashes):
        Frontier().extend([LEAVES[0], b"short"])


def test_a_hundred_thousand_leaves_are_hashed_within_seconds():
    leaves = [leaf_hash(number.to_bytes(4, "big")) for number in range(100_000)]
    start = perf_counter()
    root = root_of(leaves)
    # The bar is a million in 10 s; on an idle core it takes 1.7 s.
    assert perf_counter() - start < 1.0
    assert Frontier().extend(leaves).root() == root
