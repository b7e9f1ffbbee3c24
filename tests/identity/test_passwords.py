import time

from argon2 import PasswordHasher

from folkmoot.identity.passwords import hash_password, is_outdated, is_password, new_password


def test_a_password_fits_its_own_hash_only():
    hashed = hash_password("correct horse battery")
    assert hashed.startswith("$argon2id$")
    assert is_password("correct horse battery", password_hash=hashed)
    assert not is_password("correct horse batterz", password_hash=hashed)


def test_two_hashes_of_one_password_look_unrelated():
    assert hash_password("correct horse battery") != hash_password("correct horse battery")


def test_a_letter_composed_another_way_is_the_same_letter():
    hashed = hash_password("caf\N{LATIN SMALL LETTER E WITH ACUTE} passphrase")
    assert is_password("cafe\N{COMBINING ACUTE ACCENT} passphrase", password_hash=hashed)


def test_nothing_fits_where_there_is_no_hash_or_a_broken_one():
    assert not is_password("", password_hash=None)
    assert not is_password("anything at all", password_hash=None)
    assert not is_password("anything at all", password_hash="not a hash")


def test_a_check_without_a_hash_costs_what_a_check_with_one_costs():
    hashed = hash_password("correct horse battery")
    with_hash = min(_seconds_to_check(hashed) for _ in range(5))
    without = min(_seconds_to_check(None) for _ in range(5))
    assert 0.5 < without / with_hash < 2.0


def test_a_hash_of_other_parameters_is_outdated():
    weaker = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("x" * 12)
    assert is_outdated(weaker)
    assert not is_outdated(hash_password("x" * 12))


def test_made_passwords_are_long_and_differ():
    assert len(new_password()) >= 20
    assert new_password() != new_password()


def _seconds_to_check(password_hash: str | None) -> float:
    start = time.process_time()
    is_password("not the password", password_hash=password_hash)
    return time.process_time() - start
