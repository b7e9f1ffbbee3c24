"""The measurement of erasures, small: nothing is found, and everything old still verifies."""

from folkmoot.bench import erase


def test_nothing_is_left_of_who_was_erased() -> None:
    figures = list(erase.run(n_subjects=20, kinds=["sqlite"]))
    assert [one.name for one in figures if not one.is_met] == []
