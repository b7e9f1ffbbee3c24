from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowd.aggregation import LabelMatrix, Repeats
from crowd.aggregation.label_tables import read_table
from crowd.aggregation.partitioned import Partition
from crowd.partitions import cutting, sources
from crowd.partitions.cutting import cut, join, plan_of, survey
from crowd.partitions.sources import Piece, Source, sources_of

Rows = list[tuple[str, str, str]]


def piece_of(rows: Rows) -> Piece:
    columns = zip(*rows, strict=True)
    table = pa.table(dict(zip(("task", "worker", "label"), map(list, columns), strict=True)))
    return Piece(*read_table(table, None, None))


def partitions_of(
    pieces: list[Piece],
    n_partitions: int,
    *,
    gold: dict[str, str] | None = None,
    repeats: Repeats = Repeats.REFUSE,
) -> list[Partition]:
    plan = plan_of(
        [survey(piece, gold or {}) for piece in pieces], n_partitions, gold or {}, repeats
    )
    cuts = [cut(piece, plan) for piece in pieces]
    numbers = range(len(plan.bounds) + 1)
    return [join(number, plan, [each[number] for each in cuts]) for number in numbers]


def rows_of(matrix: LabelMatrix) -> Rows:
    return [
        (matrix.task_names[task], matrix.annotator_names[annotator], matrix.class_names[label])
        for task, annotator, label in zip(matrix.task, matrix.annotator, matrix.label, strict=True)
    ]


@settings(deadline=None, max_examples=30)
@given(
    rows=st.dictionaries(
        st.tuples(st.sampled_from("zyxäaAB1_ 日").map("t".__add__), st.sampled_from("pqrs")),
        st.sampled_from(["no", "yes", "ÿ"]),
        min_size=1,
    ),
    seed=st.integers(0, 99),
    n_partitions=st.integers(1, 15),
    places=st.lists(st.floats(0, 1), max_size=3),
)
def test_partitions_in_their_order_are_the_whole_crowd(
    rows: dict[tuple[str, str], str], seed: int, n_partitions: int, places: list[float]
):
    labels = [(task, worker, label) for (task, worker), label in rows.items()]
    np.random.default_rng(seed).shuffle(labels)
    shuffled = [(str(task), str(worker), str(label)) for task, worker, label in labels]
    edges = [0, *sorted(int(place * len(labels)) for place in places), len(labels)]
    pieces = [piece_of(shuffled[a:b]) for a, b in pairwise(edges) if a < b]

    partitions = partitions_of(pieces, n_partitions)

    whole = LabelMatrix.from_labels(shuffled, classes=sorted(set(rows.values())))
    assert [row for each in partitions for row in rows_of(each.matrix)] == rows_of(whole)
    tasks = [name for each in partitions for name in each.matrix.task_names]
    assert tasks == list(whole.task_names)
    for each in partitions:
        assert each.matrix.n_labels
        assert list(each.matrix.annotator_names) == list(whole.annotator_names)
        assert each.matrix.class_names == whole.class_names
    if len(partitions) == 1:
        assert partitions[0].matrix.digest() == whole.digest()


def test_partitions_have_about_as_many_labels():
    generator = np.random.default_rng(0)
    # The first half of the tasks has five times as many labels as the other.
    task = np.concatenate([np.repeat(np.arange(5_000), 5), np.arange(5_000, 10_000)])
    worker = generator.integers(0, 1_000_000, len(task))
    rows = [(f"{a:05}", str(b), "x") for a, b in zip(task, worker, strict=True)]
    pieces = [piece_of(rows[:9_000]), piece_of(rows[9_000:])]

    sizes = [each.matrix.n_labels for each in partitions_of(pieces, 8, repeats=Repeats.LAST)]

    assert len(sizes) == 8
    assert max(sizes) < 1.05 * len(rows) / 8


def test_of_two_labels_on_a_task_in_two_files_the_last_one_counts_where_that_is_wanted():
    first, second = [("t", "w", "old"), ("u", "w", "old")], [("t", "w", "new")]
    pieces = [piece_of(first), piece_of(second)]

    kept = partitions_of(pieces, 1, repeats=Repeats.LAST)

    assert rows_of(kept[0].matrix) == [("t", "w", "new"), ("u", "w", "old")]
    with pytest.raises(ValueError, match="'w' labelled task 't' more than once"):
        partitions_of(pieces, 2)


def test_gold_is_where_its_task_is_and_may_name_a_class_that_nobody_did():
    pieces = [piece_of([("a", "w", "no"), ("b", "w", "no"), ("c", "w", "no")])]

    partitions = partitions_of(pieces, 3, gold={"b": "yes", "c": "no", "not there": "unheard"})

    assert [dict(each.known) for each in partitions] == [{}, {0: 1}, {0: 0}]
    assert partitions[0].matrix.class_names == ("no", "yes")


def test_a_large_parquet_file_is_read_in_several_pieces(labels, monkeypatch):
    file = labels.parent / "grouped.parquet"
    table = pa.table({"task": ["a", "b", "c"], "worker": ["w"] * 3, "label": ["x", "x", "y"]})
    pa.parquet.write_table(table, file, row_group_size=1)
    monkeypatch.setattr(sources, "_ROWS_AT_ONCE", 2)

    found = sources_of([file])

    assert found == [Source(str(file), (0, 1)), Source(str(file), (2,))]
    assert [len(sources.read_source(each).task) for each in found] == [2, 1]
    assert str(found[1]) == f"{file}, row groups 3 to 3"
    assert cutting.survey(sources.read_source(found[0])).class_names == ("x",)
