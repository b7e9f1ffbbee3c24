"""Programs that others wrote accept our checkpoints, tiles, proofs and cosignatures.

`tlog-scales` reads logs in the form of C2SP; `pymerkle` (GPL, used by tests alone) builds the tree
of RFC 9162 in its own way.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pymerkle import InclusionProof, InmemoryTree
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import MLDSA44CosignatureSigner, NoteSignature, Vkey
from tlog_scales.tlog import Checkpoint, ConsistencyProofInvalid

from audit.actions import Action
from audit.cosigning import CosignatureKind, CosignerKey, CosigningKey
from audit.merkle import leaf_hash
from audit.notes import Note
from audit.recording import record
from audit.tile_paths import TilePlace
from audit.tile_publishing import publish_log
from audit.tile_reading import content_at
from audit.tiles import prove_consistency_at, prove_inclusion_at, root_at
from audit.witnessing import cosigned_checkpoint
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import Conflict, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import unit_of_work

from .conftest import Log
from .long_log import SIZES, LongLog, envelope, fill, insert_waiting

TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


class Served:
    """What our server would answer to their reader."""

    def __init__(self, log: LongLog, size: int) -> None:
        self._log = log
        self._size = size

    def get(self, *path: str) -> bytes | None:
        with self._log.reading() as uow:
            if path == ("checkpoint",):
                return (cosigned_checkpoint(uow, size=self._size) or "").encode()
            try:
                return content_at(uow, TilePlace.parse("/".join(path)), size=self._size)
            except NotFound:
                return None


@cache
def their_tree() -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for index in range(SIZES[-1]):
        tree.append_entry(envelope(index))
    return tree


@pytest.mark.parametrize("size", SIZES)
def test_tlog_scales_reads_our_log_around_every_boundary(long_log: LongLog, size: int):
    reader = TilesReader(Served(long_log, size))
    checkpoint = reader.get_checkpoint()

    checkpoint.verify(Vkey.from_string(long_log.key.verifier))
    assert checkpoint.size == size
    assert checkpoint.root_hash == reader.calculate_root_hash()
    for index in {0, size // 2, size - 1}:
        assert reader.get_entry(index) == envelope(index)
        proof = reader.get_inclusion_proof(index, size)
        proof.check(leaf_hash(envelope(index)), checkpoint.root_hash)
        with long_log.reading() as uow:
            assert prove_inclusion_at(uow, index=index, size=size).path == tuple(proof.node_hashes)


def test_tlog_scales_accepts_our_consistency_proofs_between_all_boundaries(long_log: LongLog):
    with long_log.reading() as uow:
        roots = {size: root_at(uow, size=size) for size in SIZES}
        for old, new in [(old, new) for new in SIZES for old in SIZES if old < new]:
            theirs = TilesReader(Served(long_log, new))
            theirs.set_size(new)
            proof = theirs.get_consistency_proof(old, new)
            ours = prove_consistency_at(uow, old_size=old, new_size=new)

            assert tuple(proof.node_hashes) == ours.path
            proof.check(roots[old], roots[new])
            with pytest.raises(ConsistencyProofInvalid):
                proof.check(roots[new], roots[old])


@pytest.mark.parametrize("size", SIZES)
def test_pymerkle_has_our_roots_and_accepts_our_inclusion_paths(long_log: LongLog, size: int):
    with long_log.reading() as uow:
        root = root_at(uow, size=size)
        assert root == their_tree().get_root(size)
        for index in {0, size // 3, size - 1}:
            ours = prove_inclusion_at(uow, index=index, size=size)
            theirs = their_tree().prove_inclusion(index + 1, size)
            leaf = leaf_hash(envelope(index))
            same = InclusionProof("sha256", True, size, index + 1, theirs.rule, [leaf, *ours.path])
            same.verify(leaf, root, index=index + 1, size=size)


def test_pymerkle_proves_that_our_roots_only_grew(long_log: LongLog):
    with long_log.reading() as uow:
        roots = {size: root_at(uow, size=size) for size in SIZES}
    for old, new in [(old, new) for new in SIZES for old in SIZES if old < new]:
        their_tree().prove_consistency(old, new).verify(roots[old], roots[new])


@pytest.fixture(scope="module")
def folder(long_log: LongLog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("published")
    with long_log.reading() as uow:
        publish_log(uow, folder=folder)
    return folder


def test_tlog_scales_reads_the_log_that_was_published_to_a_folder(folder: Path, long_log: LongLog):
    reader = TilesReader(LocalBackend(folder))
    checkpoint = reader.get_checkpoint()

    checkpoint.verify(Vkey.from_string(long_log.key.verifier))
    assert checkpoint.size == 70_000
    assert reader.calculate_root_hash() == checkpoint.root_hash
    assert reader.get_entry(69_999) == envelope(69_999)


def test_publishing_again_writes_only_what_is_new(log: Log, tmp_path: Path):
    fill(log.engine, log.key, sizes=(300,))
    with LongLog(log.engine, log.key).reading() as uow:
        assert publish_log(uow, folder=tmp_path).files == 6  # 3 tiles, 2 bundles, the checkpoint
        assert publish_log(uow, folder=tmp_path).files == 1
    insert_waiting(log.engine, range(300, 600))
    log.seal()
    outgrown = tmp_path / "tile/0/001.p"
    assert outgrown.exists()

    with LongLog(log.engine, log.key).reading() as uow:
        assert publish_log(uow, folder=tmp_path).files == 6

    assert not outgrown.exists()
    assert (tmp_path / "tile/1/000.p/2").stat().st_size == 64


def test_a_folder_of_another_log_is_left_as_it_is(log: Log, tmp_path: Path):
    fill(log.engine, log.key, sizes=(3,))
    other = log.key.key.name + "\n3\n" + "A" * 43 + "=\n"
    (tmp_path / "checkpoint").write_text(f"{other}\n\N{EM DASH} {log.key.origin} AAAAAAA=\n")

    with LongLog(log.engine, log.key).reading() as uow, pytest.raises(Conflict, match="another"):
        publish_log(uow, folder=tmp_path)

    assert not (tmp_path / "tile").exists()


def test_what_was_published_before_a_break_is_kept_only_where_it_is_right(log: Log, tmp_path: Path):
    fill(log.engine, log.key, sizes=(300,))
    with LongLog(log.engine, log.key).reading() as uow:
        publish_log(uow, folder=tmp_path)
        (tmp_path / "checkpoint").unlink()
        (tmp_path / "tile/0/000").write_bytes(bytes(8192))

        assert publish_log(uow, folder=tmp_path).files == 2
        assert (tmp_path / "tile/0/000").read_bytes()[:32] == leaf_hash(envelope(0))


def test_bundles_whose_time_is_over_are_taken_back(log: Log, tmp_path: Path):
    fill(log.engine, log.key, sizes=(300,))
    with unit_of_work(log.engine) as uow:
        publish_log(uow, folder=tmp_path)
        record(
            uow, PLATFORM, Action.RETENTION_APPLIED,
            subject_type="log", subject_id=new_id(), facts={"expired": [[0, 7]]},
        )  # fmt: skip
    log.tamper("UPDATE audit_entry SET envelope = :nothing WHERE leaf_index < 8", nothing=b"")
    log.seal()

    with LongLog(log.engine, log.key).reading() as uow:
        publish_log(uow, folder=tmp_path)

    kept = sorted(str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*") if one.is_file())
    assert "tile/entries/000" not in kept
    assert {"tile/0/000", "tile/entries/001.p/45", "checkpoint"} <= set(kept)


@pytest.mark.parametrize("kind", CosignatureKind)
def test_tlog_scales_accepts_our_cosignatures(kind: CosignatureKind):
    key = CosigningKey.generate("witness.example/w1", kind)
    line = key.cosign(TEXT, timestamp=1_679_315_147).to_line()
    note = f"{TEXT}\n{line}"

    checkpoint = Checkpoint.from_text(note)
    checkpoint.verify(Vkey.from_string(key.public.to_text()))


def test_we_accept_a_cosignature_that_tlog_scales_made():
    key = CosigningKey.generate("witness.example/w1", CosignatureKind.ML_DSA_44)
    signer = MLDSA44CosignatureSigner(key.name, key.seed)
    unsigned = Checkpoint.from_text(f"{TEXT}\n{NoteSignature('dummy', 1, b'x').serialize()}")

    theirs = signer.sign(unsigned)
    signature = Note.parse(f"{TEXT}\n{theirs.serialize()}\n").signatures[0]

    CosignerKey.parse(key.public.to_text()).verify(TEXT, signature.value)
