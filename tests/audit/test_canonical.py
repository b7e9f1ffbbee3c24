"""Canonical JSON: the RFC's own examples, and refusal of what JSON cannot carry."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import NotCanonical, canonical_bytes, digest
from folkmoot.kernel.json_values import Json


def test_the_example_of_rfc_8785_comes_out():
    value: Json = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical_bytes(value) == expected.encode()


def test_keys_are_sorted_by_utf_16_as_the_rfc_says():
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    written = canonical_bytes(dict.fromkeys(keys, 0)).decode()
    order = ["\\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert written == "{" + ",".join(f'"{key}":0' for key in order) + "}"


def test_the_order_in_which_a_value_was_built_does_not_show():
    assert digest({"a": 1, "b": [2.0]}) == digest({"b": [2], "a": 1})
    assert digest({"a": 1}) != digest({"a": "1"})


def test_the_digest_is_the_sha_256_of_the_bytes():
    empty = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert digest({}) == empty


@pytest.mark.parametrize(
    "value", [2**53, -(2**53), float("nan"), float("inf"), "\ud800", {"\ud800": 1}, {1: 2}, b"x"]
)
def test_what_json_cannot_carry_exactly_is_refused(value: Json):
    with pytest.raises(NotCanonical):
        canonical_bytes(value)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([1e-4, 9.99e-5, 1e16, 9999999999999998.0, 1e21, 5e-324, 0.1, -0.0, 2.0])
    | st.text(st.characters(exclude_categories=["Cs"]))
)


@given(
    st.recursive(
        SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text('aZ9 "\\\u007fé€'), inner)
    )
)
def test_the_quick_way_writes_what_the_library_writes(value: Json):
    assert canonical_bytes(value) == rfc8785.dumps(value)
