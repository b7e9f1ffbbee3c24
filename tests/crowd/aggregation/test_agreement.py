import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowd.aggregation import LabelMatrix, krippendorff_alpha
from crowd.aggregation.planted import one_coin_crowd

# The nominal examples of Krippendorff, Computing Krippendorff's Alpha-Reliability (2011):
# a row per observer, a column per unit, a dot where the observer gave no value.
BINARY = """
0100000010
1110010000
"""
NOMINAL = """
aabbdcccedda
babbbccceddd
"""
FOUR_OBSERVERS_WITH_GAPS = """
123321412...
1233224125.3
.3332342251.
12332441251.
"""


def matrix_of(table: str, classes: str | None = None) -> LabelMatrix:
    rows = [
        (f"unit{unit:04d}", f"observer{observer}", value)
        for observer, line in enumerate(table.split())
        for unit, value in enumerate(line)
        if value != "."
    ]
    used = sorted({value for _, _, value in rows})
    return LabelMatrix.from_labels(rows, classes=list(classes or used))


@pytest.mark.parametrize(
    ("table", "alpha"),
    [(BINARY, 0.095), (NOMINAL, 0.692), (FOUR_OBSERVERS_WITH_GAPS, 0.743)],
    ids=["binary", "nominal", "four observers with gaps"],
)
def test_krippendorffs_own_examples_come_out(table: str, alpha: float):
    assert krippendorff_alpha(matrix_of(table)).alpha == pytest.approx(alpha, abs=5e-4)


def test_tasks_with_a_single_label_are_left_out():
    agreement = krippendorff_alpha(matrix_of(FOUR_OBSERVERS_WITH_GAPS))
    assert agreement.alpha == pytest.approx(113 / 152)
    assert agreement.n_tasks == 11


def test_a_class_that_nobody_used_changes_nothing():
    assert krippendorff_alpha(matrix_of(BINARY, "01x")) == krippendorff_alpha(matrix_of(BINARY))


@pytest.mark.parametrize("table", ["aaa aaa", "ab.. ..cd", "a"])
def test_agreement_beyond_chance_needs_a_second_label_and_a_second_class(table: str):
    agreement = krippendorff_alpha(matrix_of(table))
    assert (agreement.alpha, agreement.low, agreement.high) == (None, None, None)


def test_perfect_agreement_is_one_without_a_claim_about_its_limits():
    agreement = krippendorff_alpha(matrix_of("abab abab"))
    assert (agreement.alpha, agreement.low, agreement.high) == (1, None, None)


def test_a_disagreement_on_one_task_alone_gives_no_limits():
    agreement = krippendorff_alpha(matrix_of("abaabb abbabb"))
    assert agreement.alpha == pytest.approx(1 - 11 / (144 - 74) * 2)
    assert agreement.low is None


def test_the_limits_cover_the_alpha_of_the_population():
    """Binary answers right with chance 0.8, classes even: alpha is (2 * 0.8 - 1) squared."""
    skills, covered = [0.8] * 4, []
    for seed in range(150):
        matrix = one_coin_crowd(skills, n_tasks=60, labels_per_task=3, seed=seed).matrix
        agreement = krippendorff_alpha(matrix)
        covered.append(agreement.low <= 0.36 <= agreement.high)
    assert 0.9 <= np.mean(covered) <= 0.99


def test_the_limits_narrow_with_the_root_of_the_number_of_tasks():
    few, many = (
        krippendorff_alpha(one_coin_crowd([0.8] * 3, n_tasks=count, labels_per_task=3).matrix)
        for count in (200, 3200)
    )
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(4, rel=0.2)


@settings(deadline=None, max_examples=40)
@given(table=st.lists(st.text("ab.", min_size=6, max_size=6), min_size=2, max_size=4))
def test_alpha_is_at_most_one_and_lies_within_its_limits(table: list[str]):
    agreement = krippendorff_alpha(matrix_of(" ".join([*table, "abaabb"])))
    if agreement.low is not None:
        assert agreement.low <= agreement.alpha <= agreement.high < 1
    assert agreement.alpha is None or agreement.alpha <= 1
