import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowd.aggregation import LabelMatrix, label_matrix

Row = tuple[str, str, str]
ROWS = [("t2", "ann", "dog"), ("t1", "bob", "cat"), ("t1", "ann", "dog")]


def matrix_of(task: list[int], annotator: list[int], label: list[int]) -> LabelMatrix:
    return LabelMatrix(
        np.array(task, int),
        np.array(annotator, int),
        np.array(label, int),
        ("t1", "t2"),
        ("ann", "bob"),
        ("cat", "dog"),
    )


def test_rows_are_sorted_by_task_and_then_annotator():
    matrix = LabelMatrix.from_labels(ROWS, classes=["cat", "dog"])
    assert matrix.task_names == ("t1", "t2")
    assert matrix.annotator_names == ("ann", "bob")
    assert matrix.task.tolist() == [0, 0, 1]
    assert matrix.annotator.tolist() == [0, 1, 0]
    assert matrix.label.tolist() == [1, 0, 1]


def test_the_arrays_are_small_and_read_only():
    matrix = LabelMatrix.from_labels(ROWS, classes=["cat", "dog"])
    assert (matrix.task.dtype, matrix.annotator.dtype) == (np.int32, np.int32)
    assert matrix.label.dtype == np.int8
    with pytest.raises(ValueError, match="read-only"):
        matrix.label[0] = 0
    with pytest.raises(AttributeError):
        matrix.label = np.zeros(3, np.int8)


def test_the_arrays_handed_in_are_left_alone():
    task, annotator, label = np.array([1, 0]), np.array([0, 0]), np.array([1, 0])
    LabelMatrix(task, annotator, label, ("t1", "t2"), ("ann",), ("cat", "dog"))
    assert (task.tolist(), label.tolist()) == ([1, 0], [1, 0])
    task[0] = 0  # Still writeable.


@settings(deadline=None)
@given(st.permutations(ROWS))
def test_the_order_of_input_does_not_matter(rows: list[Row]):
    expected = LabelMatrix.from_labels(ROWS, classes=["cat", "dog"]).digest()
    assert LabelMatrix.from_labels(rows, classes=["cat", "dog"]).digest() == expected


def test_the_digest_is_the_same_on_every_machine():
    digest = LabelMatrix.from_labels(ROWS, classes=["cat", "dog"]).digest()
    assert digest == "9ec7d3133e4e0ba7b8948f0481d86edcb5bb5b3221c0618c8a80c9750c35f324"


@pytest.mark.parametrize(
    ("rows", "classes"),
    [
        ([("t2", "ann", "cat"), *ROWS[1:]], ["cat", "dog"]),
        ([("t3", "ann", "dog"), *ROWS[1:]], ["cat", "dog"]),
        ([("t2", "cyd", "dog"), *ROWS[1:]], ["cat", "dog"]),
        (ROWS, ["dog", "cat"]),
        (ROWS, ["cat", "dog", "cow"]),
    ],
)
def test_the_digest_changes_with_any_label_name_or_class(rows: list[Row], classes: list[str]):
    original = LabelMatrix.from_labels(ROWS, classes=["cat", "dog"]).digest()
    assert LabelMatrix.from_labels(rows, classes=classes).digest() != original


def test_a_second_label_of_an_annotator_on_a_task_is_refused_by_name():
    with pytest.raises(ValueError, match="Annotator 'ann' labelled task 't1' more than once"):
        LabelMatrix.from_labels([*ROWS, ("t1", "ann", "cat")], classes=["cat", "dog"])


def test_a_label_outside_the_classes_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'bob' labelled task 't1' as 'cow', .*: cat, dog"):
        LabelMatrix.from_labels([("t1", "bob", "cow")], classes=["cat", "dog"])


@pytest.mark.parametrize("missing", [None, ""])
def test_a_missing_label_is_refused_by_name(missing: str | None):
    with pytest.raises(ValueError, match="label of annotator 'ann' on task 't1' is missing"):
        LabelMatrix.from_labels([("t1", "ann", missing)], classes=["cat"])


@pytest.mark.parametrize("row", [("", "ann", "cat"), ("t1", "", "cat"), (None, "ann", "cat")])
def test_a_label_without_task_or_annotator_is_refused(row: Row):
    with pytest.raises(ValueError, match="lacks its task or its annotator"):
        LabelMatrix.from_labels([row], classes=["cat"])


def test_no_labels_at_all_are_refused():
    with pytest.raises(ValueError, match="no labels"):
        LabelMatrix.from_labels([], classes=["cat"])


def test_classes_must_differ():
    with pytest.raises(ValueError, match="Two class names are the same"):
        LabelMatrix.from_labels([("t1", "ann", "cat")], classes=["cat", "dog", "cat"])


def test_there_must_be_a_class():
    nothing = np.zeros(0, int)
    with pytest.raises(ValueError, match="1 to 32767 classes, not 0"):
        LabelMatrix(nothing, nothing, nothing, ("t1",), ("ann",), ())


@pytest.mark.parametrize(
    ("task", "annotator", "label", "kind"),
    [([2], [0], [0], "task"), ([0], [-1], [0], "annotator"), ([0], [0], [2], "class")],
)
def test_an_index_out_of_range_is_refused(
    task: list[int], annotator: list[int], label: list[int], kind: str
):
    with pytest.raises(ValueError, match=f"A {kind} index lies outside 0 to 1"):
        matrix_of(task, annotator, label)


def test_arrays_of_different_length_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        matrix_of([0, 1], [0], [0])


def test_fractions_are_no_indices():
    with pytest.raises(ValueError, match="flat array of integers"):
        LabelMatrix(np.array([0.5]), np.array([0]), np.array([0]), ("t1",), ("ann",), ("cat",))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0.0, np.nan], "class indices must be a flat array of integers"),
        (["yes", "no"], "class indices must be a flat array of integers"),
        ([0, -1], "A class index lies outside"),
        ([0, 2**40], "A class index lies outside"),
    ],
)
def test_what_is_no_index_is_refused_where_nobody_says_how_many_there_are(
    labels: list[float] | list[str], message: str
):
    with pytest.raises(ValueError, match=message):
        LabelMatrix.from_arrays(np.array([0, 1]), np.array([0, 0]), np.array(labels))


def test_votes_count_the_labels_of_each_class():
    assert LabelMatrix.from_labels(ROWS, classes=["cat", "dog"]).votes().tolist() == [
        [1, 1],
        [0, 1],
    ]


def test_gold_by_name_becomes_indices_and_unlabelled_gold_is_left_out():
    matrix = LabelMatrix.from_labels(ROWS, classes=["cat", "dog"])
    assert matrix.known_indices({"t2": "dog", "t9": "cat"}) == {1: 1}
    with pytest.raises(ValueError, match="'cow' of task 't1'"):
        matrix.known_indices({"t1": "cow"})


def test_votes_and_digest_come_piece_by_piece(monkeypatch: pytest.MonkeyPatch):
    generator = np.random.default_rng(0)
    task = np.repeat(generator.permutation(60), 3)[:-1]
    annotator, label = np.arange(len(task)) % 4, generator.integers(0, 3, len(task))
    whole = LabelMatrix.from_arrays(task, annotator, label, n_tasks=70)
    dense = np.zeros((70, 3))
    np.add.at(dense, (task, label), 1)
    digest = whole.digest()
    monkeypatch.setattr(label_matrix, "_ROWS_AT_ONCE", 7)
    assert whole.votes().tolist() == dense.tolist()
    assert whole.digest() == digest
    assert whole.labels_per_annotator.tolist() == np.bincount(annotator).tolist()


def test_indices_far_apart_are_refused_before_memory_is_asked_for():
    far, near = np.array([0, 2**31 - 1]), np.array([0, 1])
    with pytest.raises(ValueError, match="A task index is 2147483647, with only 2 labels"):
        LabelMatrix.from_arrays(far, near, near)
