import numpy as np
import pytest

from governance.fairness.counts import UNKNOWN, Cases, Partition, count_groups

TRUTH = [0, 0, 1, 1, 1, 0]
PREDICTION = [0, 1, 1, 0, 1, 0]
SEX = ["f", "m", "f", "m", None, "f"]


def by_group(partition: Partition) -> dict[tuple[str, ...], list[list[int]]]:
    return dict(zip(partition.groups, partition.rows.tolist(), strict=True))


def test_every_cell_is_counted():
    counts = count_groups(Cases(TRUTH, PREDICTION, {"sex": SEX}))
    assert by_group(counts.partitions[0]) == {
        ("f",): [[2, 0], [0, 1]],
        ("m",): [[0, 1], [1, 0]],
        (UNKNOWN,): [[0, 0], [0, 1]],
    }
    assert by_group(counts.everyone) == {(): [[2, 1], [1, 2]]}


def test_missing_values_of_pandas_are_unknown_too():
    counts = count_groups(Cases([0, 1], [0, 1], {"sex": ["f", float("nan")]}))
    assert counts.partitions[0].groups == (("f",), (UNKNOWN,))


def test_intersections_are_counted_to_the_depth_asked_for():
    columns = {"sex": ["f", "m"], "age": ["old", "young"], "site": ["a", "b"]}
    cases = Cases([0, 1], [1, 1], columns)
    deep = count_groups(cases, deepest_intersection=3)
    shallow = count_groups(cases)
    assert [part.attributes for part in shallow.partitions] == [
        ("sex",),
        ("age",),
        ("site",),
        ("sex", "age"),
        ("sex", "site"),
        ("age", "site"),
    ]
    assert deep.partitions[-1].attributes == ("sex", "age", "site")
    assert by_group(deep.partitions[-1])["m", "young", "b"] == [[0, 0], [0, 1]]


def test_an_expected_group_that_was_never_seen_is_there_with_nobody_in_it():
    counts = count_groups(Cases([0], [0], {"sex": ["f"]}), expected={"sex": ["f", "m"]})
    assert by_group(counts.partitions[0])[("m",)] == [[0, 0], [0, 0]]


def test_people_are_counted_once_in_every_cell_and_margin():
    cases = Cases([0, 0, 1, 1], [0, 0, 0, 1], {"sex": ["f"] * 4}, people=["a", "a", "a", "b"])
    part = count_groups(cases).partitions[0]
    assert part.people.tolist() == [[[1, 0], [1, 1]]]
    assert part.people_by_truth.tolist() == [[1, 2]]
    assert part.people_in_group.tolist() == [2]


def test_without_people_every_row_is_another_person():
    part = count_groups(Cases(TRUTH, PREDICTION, {"sex": SEX})).partitions[0]
    assert np.array_equal(part.people, part.rows)


def test_no_cases_give_no_groups_rather_than_an_error():
    counts = count_groups(Cases([], [], {"sex": []}), expected={"age": ["old"]})
    assert counts.partitions[0].groups == ()
    assert counts.everyone.rows.sum() == 0


def test_the_arguments_are_not_changed():
    truth, prediction = np.array(TRUTH), np.array(PREDICTION)
    count_groups(Cases(truth, prediction, {"sex": SEX}))
    assert truth.tolist() == TRUTH
    assert prediction.tolist() == PREDICTION


@pytest.mark.parametrize("truth", [[0, 1, 2], [0, 1], [[0], [1], [0]], ["yes", "no", "no"]])
def test_outcomes_that_are_not_binary_columns_of_one_length_are_refused(truth: list[object]):
    with pytest.raises(ValueError, match=r"outcome|length"):
        count_groups(Cases(truth, [0, 1, 0], {"sex": ["f", "m", "f"]}))
