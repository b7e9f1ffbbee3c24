"""Notes and checkpoints: published vectors, round trips, and everything that must fail."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import EMPTY_ROOT
from audit.notes import (
    Checkpoint,
    MalformedCheckpoint,
    MalformedNote,
    Note,
    UnverifiedNote,
    open_checkpoint,
    open_note,
    sign_note,
)
from audit.signing_keys import InvalidSignature, NoteError, SigningKey, VerifierKey

# The example of the reference implementation (golang.org/x/mod/sumdb/note).
PETER_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuG"
    "UgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PETER_NOTE = f"{PETER_TEXT}\n{PETER_LINE}"
ENOCH_VERIFIER = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2t"
    "iOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)

# A checkpoint that Go's checksum database published; C2SP's example is this one, renamed.
GO_VERIFIER = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
GO_TEXT = "go.sum database tree\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
GO_NOTE = (
    f"{GO_TEXT}\n— sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeO"
    "oRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
C2SP_TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
# The example of c2sp.org/signed-note, whose text has empty lines of its own.
QUASIMODO_TEXT = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n"
)
QUASIMODO_NOTE = (
    f"{QUASIMODO_TEXT}\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5d"
    "dnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)

PETER = VerifierKey.parse(PETER_VERIFIER)
ENOCH = VerifierKey.parse(ENOCH_VERIFIER)
LOG = SigningKey("example.org/log", bytes(range(32)))
WITNESS = SigningKey("witness.example.org", bytes(range(1, 33)))
CHECKPOINT = Checkpoint("example.org/log", 7, EMPTY_ROOT)

# Among them some that Python, but not C2SP, would end a line at.
characters = st.sampled_from("a+ —é\u0085\u00a0\u2028😀\x7f")
texts = st.lists(st.text(characters)).map(
    lambda lines: "".join(f"{line}\n" for line in lines) + "\n"
)


def test_the_published_keys_sign_the_published_note():
    key = SigningKey.parse(PETER_PRIVATE)
    assert key.verifier == PETER
    assert key.verifier.key_id.hex() == "c74f20a3"
    assert sign_note(PETER_TEXT, key) == PETER_NOTE


def test_the_published_note_opens_as_text_and_as_bytes():
    assert open_note(PETER_NOTE, [PETER]).text == PETER_TEXT
    assert open_note(PETER_NOTE.encode(), [PETER]).text == PETER_TEXT


def test_a_checkpoint_of_the_go_checksum_database_opens():
    origin = "go.sum database tree"
    checkpoint = open_checkpoint(GO_NOTE, [VerifierKey.parse(GO_VERIFIER)], origin=origin)
    assert (checkpoint.origin, checkpoint.size) == (origin, 20852163)
    assert checkpoint.to_text() == GO_TEXT


def test_the_examples_of_the_specifications_are_read():
    note = Note.parse(QUASIMODO_NOTE)
    assert note.text == QUASIMODO_TEXT
    assert [signature.name for signature in note.signatures] == ["quasimodo.example/salvatore"]
    assert note.to_text() == QUASIMODO_NOTE
    assert Checkpoint.parse(C2SP_TEXT).to_text() == C2SP_TEXT


@given(texts)
def test_every_text_comes_back_from_its_note(text: str):
    note = sign_note(text, LOG, WITNESS)
    assert open_note(note, [LOG.verifier, WITNESS.verifier]).text == text
    assert Note.parse(note).to_text() == note


@given(st.data())
def test_a_note_with_any_byte_changed_does_not_open(data: st.DataObject):
    note = bytearray(PETER_NOTE.encode())
    at = data.draw(st.integers(0, len(note) - 1))
    note[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(NoteError):
        open_note(bytes(note), [PETER])


def test_only_signatures_of_known_keys_are_returned():
    both = PETER_NOTE + ENOCH_LINE
    assert names(open_note(both, [PETER])) == ["PeterNeumann"]
    assert names(open_note(both, [PETER, ENOCH])) == ["PeterNeumann", "EnochRoot"]
    assert names(open_note(PETER_NOTE + PETER_LINE, [PETER])) == ["PeterNeumann"]


def test_a_note_that_no_known_key_signed_is_refused():
    for verifiers in ([], [ENOCH]):
        with pytest.raises(UnverifiedNote):
            open_note(PETER_NOTE, verifiers)


def test_one_bad_signature_of_a_known_key_refuses_the_whole_note():
    stolen = Note.parse(sign_note("Something else.\n", LOG)).signatures
    note = Note(PETER_TEXT, (*Note.parse(PETER_NOTE).signatures, *stolen)).to_text()
    assert names(open_note(note, [PETER])) == ["PeterNeumann"]
    with pytest.raises(InvalidSignature):
        open_note(note, [PETER, LOG.verifier])


def test_a_known_key_must_match_in_name_and_in_id():
    same_name = SigningKey("PeterNeumann", bytes(32)).verifier
    with pytest.raises(UnverifiedNote):
        open_note(PETER_NOTE, [same_name])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        PETER_TEXT,
        f"{PETER_TEXT}\n",
        PETER_TEXT + PETER_LINE,
        PETER_NOTE[:-1],
        f"{PETER_NOTE[:-1]} ",
        f"{PETER_NOTE}\n",
        f"{PETER_NOTE}Unexpected line.\n",
        f"\x01{PETER_NOTE}",
        f"\t{PETER_NOTE}",
        f"\r{PETER_NOTE}",
        PETER_NOTE.replace("\n", "\r\n"),
        PETER_NOTE.replace("— ", "-- "),
        PETER_NOTE.replace("— ", "—"),
        PETER_NOTE.replace("— ", "—  "),
        PETER_NOTE.replace("PeterNeumann", "Peter Neumann"),
        PETER_NOTE.replace("PeterNeumann", "Peter+Neumann"),
        PETER_NOTE.replace("PeterNeumann", "Peter\u00a0Neumann"),
        PETER_NOTE.replace("PeterNeumann", "Peter\x01Neumann"),
        PETER_NOTE.replace("PeterNeumann ", " "),
        PETER_NOTE.replace("nAM=", "nAM"),
        PETER_NOTE.replace("nAM=", "nAN="),
        PETER_NOTE.replace("nAM=", "nAM= "),
        f"{PETER_TEXT}\n— PeterNeumann x08gow==\n",
        PETER_NOTE + PETER_LINE * 100,
        f"{'a' * 1_000_000}\n\n{PETER_LINE}",
        b"\xff" + PETER_NOTE.encode(),
        f"\ud800{PETER_NOTE}",
    ],
)
def test_what_is_not_written_as_a_note_is_refused(note: str | bytes):
    with pytest.raises(MalformedNote):
        open_note(note, [PETER])


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "return\r\n", "\ud800\n"])
def test_what_is_no_text_of_a_note_is_not_signed(text: str):
    with pytest.raises(MalformedNote):
        sign_note(text, LOG)


def test_a_note_needs_someone_to_sign_it():
    with pytest.raises(MalformedNote):
        sign_note(PETER_TEXT)


def test_a_signed_checkpoint_opens_for_its_log():
    note = CHECKPOINT.sign(LOG, WITNESS)
    assert open_checkpoint(note, [LOG.verifier], origin=CHECKPOINT.origin) == CHECKPOINT


def test_a_checkpoint_of_another_log_is_refused_though_its_key_is_known():
    note = replace(CHECKPOINT, origin="example.org/other").sign(LOG)
    with pytest.raises(MalformedCheckpoint, match=r"example\.org/other"):
        open_checkpoint(note, [LOG.verifier], origin=CHECKPOINT.origin)


def test_a_checkpoint_with_another_size_does_not_open():
    note = CHECKPOINT.sign(LOG).replace("\n7\n", "\n8\n")
    with pytest.raises(InvalidSignature):
        open_checkpoint(note, [LOG.verifier], origin=CHECKPOINT.origin)


@given(
    st.text(characters, min_size=1),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text(characters, min_size=1)),
)
def test_every_checkpoint_comes_back_from_its_text(
    origin: str, size: int, root: bytes, extensions: list[str]
):
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert Checkpoint.parse(checkpoint.to_text()) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        C2SP_TEXT[:-1],
        C2SP_TEXT + "\n",
        C2SP_TEXT + "\nextension\n",
        "\n" + C2SP_TEXT,
        C2SP_TEXT.replace("20852163\n", ""),
        C2SP_TEXT.replace("example.com/behind-the-sofa", ""),
        C2SP_TEXT.replace("20852163", "020852163"),
        C2SP_TEXT.replace("20852163", "+20852163"),
        C2SP_TEXT.replace("20852163", "-1"),
        C2SP_TEXT.replace("20852163", "20_852_163"),
        C2SP_TEXT.replace("20852163", " 20852163"),
        C2SP_TEXT.replace("20852163", "٢٠"),
        C2SP_TEXT.replace("20852163", "9" * 20),
        C2SP_TEXT.replace("20852163", "9" * 10_000),
        C2SP_TEXT.replace("q2I=", "q2I"),
        C2SP_TEXT.replace("q2I=", "q2J="),
        C2SP_TEXT.replace("CsUY", ""),
        C2SP_TEXT.replace("sofa", "sofa\t"),
    ],
)
def test_what_is_not_written_as_a_checkpoint_is_refused(text: str):
    with pytest.raises(MalformedCheckpoint):
        Checkpoint.parse(text)


def test_an_impossible_checkpoint_cannot_be_made():
    for wrong in ({"size": -1}, {"root": b""}, {"origin": "a\nb"}, {"extensions": ("",)}):
        with pytest.raises(MalformedCheckpoint):
            replace(CHECKPOINT, **wrong)


def names(note: Note) -> list[str]:
    return [signature.name for signature in note.signatures]
