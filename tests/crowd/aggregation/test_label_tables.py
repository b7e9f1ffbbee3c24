from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from crowd.aggregation import LabelMatrix, Repeats
from crowd.aggregation.label_tables import Columns

ROWS = [("t2", "ann", "dog"), ("t10", "bob", "cat"), ("t10", "ann", "dog"), ("é", "bob", "cat")]
COLUMNS = {name: [row[at] for row in ROWS] for at, name in enumerate(("task", "worker", "label"))}


class OfPolars:
    """A table that, as those of Polars do, only hands out a stream of views of text."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table.cast(pa.schema([(name, pa.string_view()) for name in COLUMNS]))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def from_csv(folder: Path) -> LabelMatrix:
    csv.write_csv(pa.table(COLUMNS), folder / "labels.csv")
    return LabelMatrix.from_csv(folder / "labels.csv")


def from_parquet(folder: Path) -> LabelMatrix:
    table = pa.table({"note": [1, 2, 3, 4], **COLUMNS})
    parquet.write_table(table, folder / "labels.parquet", row_group_size=2)
    return LabelMatrix.from_parquet(folder / "labels.parquet")


SOURCES: dict[str, Callable[[Path], LabelMatrix]] = {
    "pandas": lambda _: LabelMatrix.from_table(pd.DataFrame(COLUMNS)),
    "pandas-objects": lambda _: LabelMatrix.from_table(pd.DataFrame(COLUMNS, dtype=object)),
    "pandas-categories": lambda _: LabelMatrix.from_table(
        pd.DataFrame(COLUMNS, dtype="category").iloc[[2, 0, 3, 1]]
    ),
    "arrow": lambda _: LabelMatrix.from_table(pa.table(COLUMNS)),
    "arrow-in-pieces": lambda _: LabelMatrix.from_table(
        pa.concat_tables([pa.table(COLUMNS).slice(at, 1) for at in (1, 3, 0, 2)])
    ),
    "polars": lambda _: LabelMatrix.from_table(OfPolars(pa.table(COLUMNS))),
    "csv": from_csv,
    "parquet": from_parquet,
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_kind_of_table_makes_the_matrix_of_the_names(source: str, tmp_path: Path):
    matrix = SOURCES[source](tmp_path)
    expected = LabelMatrix.from_labels(ROWS, classes=["cat", "dog"])
    assert matrix.digest() == expected.digest()
    assert matrix.task_names == ("t10", "t2", "é")
    assert matrix.annotator_names[-1] == "bob"
    assert matrix.label.tolist() == expected.label.tolist()
    assert matrix.known_indices({"t2": "cat"}) == {1: 0}


def test_whole_numbers_are_names_like_their_text(tmp_path: Path):
    numbers = pa.table({"task": [10, 9, 10], "worker": [1, 1, 2], "label": [0, 1, 1]})
    csv.write_csv(numbers, tmp_path / "labels.csv")
    parquet.write_table(numbers, tmp_path / "labels.parquet")
    digests = {
        LabelMatrix.from_csv(tmp_path / "labels.csv").digest(),
        LabelMatrix.from_parquet(tmp_path / "labels.parquet").digest(),
        LabelMatrix.from_table(numbers).digest(),
        LabelMatrix.from_labels(
            [("10", "1", "0"), ("9", "1", "1"), ("10", "2", "1")], classes=["0", "1"]
        ).digest(),
    }
    assert len(digests) == 1


def test_classes_may_be_given_in_their_order_and_need_not_occur():
    matrix = LabelMatrix.from_table(pa.table(COLUMNS), classes=["dog", "cow", "cat"])
    expected = LabelMatrix.from_labels(ROWS, classes=["dog", "cow", "cat"])
    assert matrix.digest() == expected.digest()


def test_a_label_that_is_no_class_is_refused_with_its_row():
    with pytest.raises(ValueError, match="label 'cat' of row 2 is none of the classes: dog, cow"):
        LabelMatrix.from_table(pa.table(COLUMNS), classes=["dog", "cow"])


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("missing", [None, ""])
def test_a_missing_value_is_refused_with_its_row(column: str, missing: str | None, tmp_path: Path):
    holes = pa.table({**COLUMNS, column: [*COLUMNS[column][:2], missing, "x"]})
    with pytest.raises(ValueError, match=f"Row 3 has no '{column}'"):
        LabelMatrix.from_table(holes)
    csv.write_csv(holes, tmp_path / "labels.csv")
    with pytest.raises(ValueError, match=f"Row 3 has no '{column}'"):
        LabelMatrix.from_csv(tmp_path / "labels.csv")


def test_a_missing_column_is_refused_by_name(tmp_path: Path):
    table = pa.table(COLUMNS).drop_columns(["worker"])
    csv.write_csv(table, tmp_path / "labels.csv")
    parquet.write_table(table, tmp_path / "labels.parquet")
    for read in (
        lambda: LabelMatrix.from_table(table),
        lambda: LabelMatrix.from_csv(tmp_path / "labels.csv"),
        lambda: LabelMatrix.from_parquet(tmp_path / "labels.parquet"),
    ):
        with pytest.raises(
            ValueError, match=r"no column 'worker'; the columns are: 'task', 'label'"
        ):
            read()


def test_other_column_names_may_be_given():
    table = pa.table(COLUMNS).rename_columns(["item", "who", "answer"])
    matrix = LabelMatrix.from_table(table, columns=Columns("item", "who", "answer"))
    assert matrix.n_labels == 4


@pytest.mark.parametrize("values", [[0.5, 1.0, 2.0, 3.0], [[1], [2], [3], [4]]])
def test_neither_fractions_nor_lists_are_names(values: list[object]):
    with pytest.raises(ValueError, match=r"'task' holds .*, not text or whole numbers"):
        LabelMatrix.from_table(pa.table({**COLUMNS, "task": values}))


def test_an_empty_table_is_refused():
    with pytest.raises(ValueError, match="no labels"):
        LabelMatrix.from_table(pa.table(COLUMNS).slice(0, 0))


def test_a_second_label_is_refused_by_name_unless_the_last_counts():
    twice = pa.concat_tables(
        [pa.table(COLUMNS), pa.table({"task": ["t2"], "worker": ["ann"], "label": ["cat"]})]
    )
    with pytest.raises(ValueError, match="Annotator 'ann' labelled task 't2' more than once"):
        LabelMatrix.from_table(twice)
    kept = LabelMatrix.from_table(twice, repeats=Repeats.LAST)
    expected = [("t2", "ann", "cat"), *ROWS[1:]]
    assert kept.digest() == LabelMatrix.from_labels(expected, classes=["cat", "dog"]).digest()


def test_arrays_of_indices_have_their_numbers_for_names():
    task, annotator, label = np.array([2, 0, 2]), np.array([0, 1, 1]), np.array([1, 0, 1])
    matrix = LabelMatrix.from_arrays(task, annotator, label, n_classes=3)
    named = LabelMatrix(task, annotator, label, ("0", "1", "2"), ("0", "1"), ("0", "1", "2"))
    assert matrix.digest() == named.digest()
    assert matrix.task_names[1:] == ("1", "2")
    assert matrix.task.tolist() == [0, 2, 2]


def test_many_classes_take_two_bytes():
    index = np.arange(200)
    assert LabelMatrix.from_arrays(index, index, index).label.dtype == np.int16
    assert LabelMatrix.from_arrays(index, index, index % 127).label.dtype == np.int8


def test_a_text_in_quotes_may_go_on_in_the_next_line_across_the_blocks_of_a_big_file(
    tmp_path: Path,
):
    name = "a line\n" * 200
    rows = "".join(f'"{name}{task}",{who},x\n' for task in range(600) for who in "abc")
    (tmp_path / "labels.csv").write_text("task,worker,label\n" + rows)
    matrix = LabelMatrix.from_csv(tmp_path / "labels.csv")
    assert (matrix.n_labels, matrix.n_tasks) == (1800, 600)
    assert matrix.task_names[0] == f"{name}0"


def test_a_column_that_is_there_twice_is_refused_wherever_it_comes_from(tmp_path: Path):
    (tmp_path / "labels.csv").write_text("task,worker,label,label\nt,w,a,b\n")
    twice = pa.table([["t"], ["w"], ["a"], ["b"]], names=["task", "worker", "label", "label"])
    with pytest.raises(ValueError, match="more than one column 'label'"):
        LabelMatrix.from_csv(tmp_path / "labels.csv")
    with pytest.raises(ValueError, match="more than one column 'label'"):
        LabelMatrix.from_table(twice)


def test_a_notebook_shows_how_many_labels_there_are():
    assert repr(LabelMatrix.from_table(pa.table(COLUMNS))) == "<LabelMatrix: 4 labels on 3 tasks>"
