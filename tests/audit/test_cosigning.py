"""Cosignatures of both kinds, policies, and tlog-proof files."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.cosigning import CosignatureKind, CosignerKey, CosigningKey, cosigned_at
from audit.merkle import InvalidProof, leaf_hash, prove_inclusion, root_of
from audit.notes import Checkpoint, UnverifiedNote, open_note
from audit.proof_files import MalformedProofFile, ProofFile
from audit.signing_keys import InvalidSignature, MalformedKey, SigningKey
from audit.witness_policy import MalformedPolicy, WitnessPolicy

NAME = "witness.example/w1"
CHECKPOINT = Checkpoint("log.example/behind-the-sofa", 20_852_163, bytes(range(32)))
TEXT = CHECKPOINT.to_text()
KEYS = {kind: CosigningKey.generate(NAME, kind) for kind in CosignatureKind}
both_kinds = pytest.mark.parametrize("kind", CosignatureKind)


@both_kinds
def test_a_cosignature_verifies_and_states_its_time(kind: CosignatureKind):
    signature = KEYS[kind].cosign(TEXT, timestamp=1_679_315_147)

    KEYS[kind].public.verify(TEXT, signature.value)
    assert cosigned_at(signature.value) == 1_679_315_147
    assert len(signature.value) == {b"\x04": 72, b"\x06": 2428}[kind.value]


@both_kinds
def test_a_cosignature_of_another_text_time_or_name_is_refused(kind: CosignatureKind):
    key = KEYS[kind].public
    value = KEYS[kind].cosign(TEXT, timestamp=5).value
    other = Checkpoint(CHECKPOINT.origin, CHECKPOINT.size + 1, CHECKPOINT.root).to_text()

    for text, forged in [(other, value), (TEXT, bytes(7) + b"\x06" + value[8:]), (TEXT, b"\xff")]:
        with pytest.raises(InvalidSignature):
            key.verify(text, forged)
    with pytest.raises(InvalidSignature):
        key.verify(TEXT, b"\xff" * 8 + value[8:])  # later than any time may be


def test_only_the_new_kind_is_bound_to_the_name_of_its_witness():
    seed = KEYS[CosignatureKind.ML_DSA_44].seed
    other = CosigningKey("another.example/w", CosignatureKind.ML_DSA_44, seed)
    value = other.cosign(TEXT, timestamp=5).value

    with pytest.raises(InvalidSignature):
        KEYS[CosignatureKind.ML_DSA_44].public.verify(TEXT, value)


@both_kinds
def test_keys_of_witnesses_are_read_as_they_were_written(kind: CosignatureKind):
    assert CosigningKey.parse(KEYS[kind].to_text()) == KEYS[kind]
    assert CosignerKey.parse(KEYS[kind].public.to_text()) == KEYS[kind].public


def test_a_log_key_is_no_key_of_a_witness_and_damaged_ones_are_none():
    written = KEYS[CosignatureKind.ED25519].public.to_text()
    name, key_hash, material = written.split("+", 2)
    longer = base64.b64encode(base64.b64decode(material) + b"\x00").decode()
    wrong = [
        SigningKey.generate(NAME).verifier.to_text(),
        f"{name}+00000000+{material}",
        f"{name}+{key_hash}+{longer}",
        f"a b+{key_hash}+{material}",
        f"{name}+{key_hash}",
    ]
    for text in wrong:
        with pytest.raises(MalformedKey):
            CosignerKey.parse(text)


def test_a_note_is_opened_by_the_keys_of_log_and_witnesses_alike():
    log = SigningKey.generate(CHECKPOINT.origin)
    lines = "".join(key.cosign(TEXT, timestamp=9).to_line() for key in KEYS.values())
    note = CHECKPOINT.sign(log) + lines

    known = [log.verifier, *(key.public for key in KEYS.values())]
    assert len(open_note(note, known).signatures) == 3
    stranger = CosigningKey.generate("x.example", CosignatureKind.ED25519)
    with pytest.raises(UnverifiedNote):
        open_note(note, [stranger.public])


# Policies.


def vkey(number: int) -> str:
    key = CosigningKey(f"w{number}.example", CosignatureKind.ED25519, bytes([number] * 32))
    return key.public.to_text()


def label(number: int) -> str:
    return "+".join(vkey(number).split("+")[:2])


POLICY = f"""# Two of three here, and one of two there.
log {SigningKey("log.example", bytes(32)).verifier.to_text()} https://log.example/
witness a {vkey(1)} https://a.example/
witness b {vkey(2)}
\twitness c {vkey(3)} https://c.example/
group here 2 a b c

witness d {vkey(4)}
witness e {vkey(5)}
group there any d e
group both all here there
quorum both
"""


@pytest.mark.parametrize(
    ("cosigned", "is_met"),
    [((1, 2, 4), True), ((1, 3, 5), True), ((1, 2), False), ((1, 4, 5), False), ((), False)],
)
def test_a_quorum_is_met_as_its_groups_say(cosigned: tuple[int, ...], is_met: bool):
    policy = WitnessPolicy.parse(POLICY)

    assert policy.is_met_by([label(one) for one in cosigned]) is is_met
    assert [one.name for one in policy.witnesses if one.url] == ["a", "c"]
    assert [one.url for one in policy.logs] == ["https://log.example/"]


def test_a_policy_may_want_no_witness():
    assert WitnessPolicy.parse("quorum none\n").is_met_by([])
    assert WitnessPolicy.parse(f"witness a {vkey(1)}\nquorum a").is_met_by([label(1)])


@pytest.mark.parametrize(
    "line",
    [
        "quorum nobody", "quorum none\nquorum none", "group g 2 a", "group g 0 a", "group g all",
        "group g any a a", "group none any a", "group a any a", "witness a " + vkey(9),
        "witness z " + vkey(1), "witness z", "witness none " + vkey(9), "log " + vkey(9),
        "cosigner z", "quorum a b", "quorum a\x07", "group g any later",
        "group g any a\ngroup h any a",
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_followed_is_refused_with_its_line(line: str):
    with pytest.raises(MalformedPolicy, match="Line"):
        WitnessPolicy.parse(f"witness a {vkey(1)}\n{line}\n")


def test_a_policy_without_a_quorum_is_refused():
    with pytest.raises(MalformedPolicy, match="quorum"):
        WitnessPolicy.parse(f"witness a {vkey(1)}\n")


# tlog-proof files.

LEAVES = [leaf_hash(bytes([number])) for number in range(9)]
LOG = SigningKey.generate("log.example/proofs")
NOTE = Checkpoint(LOG.name, len(LEAVES), root_of(LEAVES)).sign(LOG)


@given(st.integers(0, 8), st.binary(max_size=20))
def test_a_proof_file_is_read_as_it_was_written_and_proves(index: int, extra: bytes):
    file = ProofFile(index, prove_inclusion(LEAVES, index).path, NOTE, extra)

    read = ProofFile.parse(file.to_text())

    assert read == file
    read.verify(leaf=LEAVES[index], origin=LOG.name, verifiers=[LOG.verifier])
    with pytest.raises(InvalidProof):
        read.verify(leaf=LEAVES[index - 1], origin=LOG.name, verifiers=[LOG.verifier])


def test_a_proof_file_has_the_lines_of_the_specification():
    text = ProofFile(8, prove_inclusion(LEAVES, 8).path, NOTE).to_text()
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 8\n")
    assert text.count("\n\n") == 2
    assert text.endswith(NOTE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@v1", "@v2"), ("index 8", "index 08"), ("index 8", "index -1"), ("index 8\n", ""),
        ("\n\n", "\n"), ("index 8\n", "index 8\n!!\n"), ("index 8", "extra AB==\nindex 8"),
        ("index 8", "extra \nindex 8"), ("index 8", "index 8 "),
    ],
)  # fmt: skip
def test_another_text_is_no_proof_file(old: str, new: str):
    text = ProofFile(8, prove_inclusion(LEAVES, 8).path, NOTE).to_text()
    with pytest.raises(MalformedProofFile):
        ProofFile.parse(text.replace(old, new))
