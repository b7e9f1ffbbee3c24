"""Commitments bind a value, hide it, and need its salt."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.commitments import (
    SALT_BYTES,
    CommitmentMismatch,
    MalformedSalt,
    commit,
    new_salt,
    verify,
)

SALT = bytes(range(SALT_BYTES))


def test_a_commitment_is_the_hmac_of_the_value_under_the_salt():
    expected = hmac.new(SALT, "Žofie".encode(), hashlib.sha256).hexdigest()
    assert commit("Žofie", SALT) == expected


@given(st.text("aé€😀\x00") | st.binary())
def test_a_value_and_its_salt_open_their_commitment(value: str | bytes):
    salt = new_salt()
    verify(commit(value, salt), value=value, salt=salt)


def test_another_value_another_salt_or_another_commitment_does_not_open():
    commitment = commit("deny", SALT)
    other_salt = new_salt()
    for claimed, value, salt in (
        (commitment, "grant", SALT),
        (commitment, "deny", other_salt),
        (commitment[:-1], "deny", SALT),
        (commitment.upper(), "deny", SALT),
        ("é" * 64, "deny", SALT),
    ):
        with pytest.raises(CommitmentMismatch):
            verify(claimed, value=value, salt=salt)


def test_one_value_under_two_salts_gives_unrelated_commitments():
    assert commit("deny", new_salt()) != commit("deny", new_salt())


@pytest.mark.parametrize("salt", [b"", SALT[:-1], SALT + b"\x00", SALT * 2])
def test_a_salt_of_another_length_is_refused(salt: bytes):
    with pytest.raises(MalformedSalt):
        commit("deny", salt)


def test_salts_are_32_bytes_and_do_not_repeat():
    salts = {new_salt() for _ in range(100)}
    assert {len(salt) for salt in salts} == {32}
    assert len(salts) == 100
