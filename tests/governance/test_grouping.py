"""Groups by a payload field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from folkmoot.kernel.json_values import Json
from governance.grouping import GroupField

AGE = GroupField(field="age", bands=(40, 60))


@pytest.mark.parametrize(
    ("age", "group"),
    [
        (39.9, "age under 40"),
        (40, "age 40 to under 60"),
        ("59", "age 40 to under 60"),
        (60, "age 60 and over"),
        (None, None),
        ("old", None),
    ],
)
def test_a_number_falls_in_the_band_that_includes_its_lower_end(
    age: Json, group: str | None
) -> None:
    assert AGE.group_of({"age": age}) == group


def test_without_bands_the_value_itself_is_the_group() -> None:
    sex = GroupField(field="sex")
    assert sex.group_of({"sex": 2.0}) == sex.group_of({"sex": "2"}) == "sex 2"
    assert sex.group_of({"sex": "female"}) == "female"
    assert sex.group_of({}) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_has_a_band(age: float) -> None:
    assert AGE.group_of({"age": age}) is not None


def test_bands_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValidationError, match="must rise"):
        GroupField(field="age", bands=(60, 40))
