"""Named keys: published ones are read as they are, and nothing else passes for a key."""

import pytest

from audit.signing_keys import InvalidSignature, MalformedKey, SigningKey, VerifierKey

# The example of the reference implementation (golang.org/x/mod/sumdb/note).
PETER_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"

LOG = SigningKey("example.org/log", bytes(range(32)))


def test_the_published_private_key_has_the_published_public_half():
    key = SigningKey.parse(PETER_PRIVATE)
    assert key.verifier.to_text() == PETER_VERIFIER
    assert key.verifier.key_id.hex() == "c74f20a3"
    assert key.to_text() == PETER_PRIVATE


def test_a_signature_fits_one_text_and_one_key():
    signature = LOG.sign("text\n")
    LOG.verifier.verify("text\n", signature)
    other = VerifierKey("example.org/log", bytes(32))
    for key, text in ((LOG.verifier, "text"), (other, "text\n")):
        with pytest.raises(InvalidSignature):
            key.verify(text, signature)


def test_keys_survive_being_written():
    key = SigningKey.generate("example.org/log")
    assert SigningKey.parse(key.to_text()) == key
    assert VerifierKey.parse(key.verifier.to_text()) == key.verifier
    assert key != SigningKey.generate("example.org/log")


def test_a_private_key_does_not_show_in_its_representation():
    assert LOG.seed.hex() not in repr(LOG)
    assert repr(LOG.seed) not in repr(LOG)


def test_no_part_of_a_key_passes_for_a_key():
    for text, parse in ((PETER_VERIFIER, VerifierKey.parse), (PETER_PRIVATE, SigningKey.parse)):
        for cut in range(1, len(text)):
            for part in (text[:cut], text[cut:]):
                with pytest.raises(MalformedKey):
                    parse(part)


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumanm+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        f"{PETER_VERIFIER}\n",
        f" {PETER_VERIFIER}",
        PETER_PRIVATE,
    ],
)
def test_a_mangled_verifier_key_is_refused(text: str):
    with pytest.raises(MalformedKey):
        VerifierKey.parse(text)


def test_a_key_of_another_kind_is_refused_as_such():
    with pytest.raises(MalformedKey, match="another kind than Ed25519"):
        VerifierKey.parse("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")


@pytest.mark.parametrize("name", ["", "two words", "a+b", "line\n", "bell\x07"])
def test_a_name_that_would_break_a_signature_line_is_refused(name: str):
    with pytest.raises(MalformedKey):
        SigningKey.generate(name)
