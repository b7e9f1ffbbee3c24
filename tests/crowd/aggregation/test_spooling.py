import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from crowd.aggregation import DawidSkene, LabelMatrix, OneCoin, em_steps, reliability, spooling
from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.partitioned import LocalEngine, Partitions
from crowd.aggregation.partitioned_fit import fit_partitions
from crowd.aggregation.planted import one_coin_crowd
from crowd.aggregation.spooling import Extent, spooled_matrix, spooled_partitions

CROWD = one_coin_crowd([0.9, 0.8, 0.7, 0.6, 0.8], n_tasks=200, n_classes=3, labels_per_task=3)
SIZE = Extent(200, 5, 3)


def written(folder: Path, rows: dict[str, list[int | None]]) -> Path:
    parquet.write_table(pa.table(rows), folder / "labels.parquet", row_group_size=50)
    return folder / "labels.parquet"


def rows_of(matrix: LabelMatrix, seed: int = 0) -> dict[str, list[int | None]]:
    order = np.random.default_rng(seed).permutation(matrix.n_labels)
    columns = {"task": matrix.task, "worker": matrix.annotator, "label": matrix.label}
    return {name: column[order].tolist() for name, column in columns.items()}


def test_a_file_in_any_order_makes_the_matrix_and_the_fit_of_the_arrays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for module in (em_steps, reliability):
        monkeypatch.setattr(module, "COMPILED_FROM", 0)
    monkeypatch.setattr(spooling, "_ROWS_AT_ONCE", 37)
    path = written(tmp_path, rows_of(CROWD.matrix))
    spooled = spooled_matrix(path, spool=tmp_path, size=SIZE)
    arrays = LabelMatrix.from_arrays(CROWD.matrix.task, CROWD.matrix.annotator, CROWD.matrix.label)
    assert spooled.digest() == arrays.digest()
    on_disk, in_memory = (DawidSkene().fit(matrix) for matrix in (spooled, arrays))
    assert on_disk.posterior_.tobytes() == in_memory.posterior_.tobytes()
    assert (tmp_path / "annotator.bin").stat().st_size == 4 * spooled.n_labels
    assert (tmp_path / "label.bin").stat().st_size == spooled.n_labels


@pytest.mark.parametrize("n_partitions", [1, 3])
def test_partitions_on_disk_hold_the_labels_and_fit_as_the_arrays(
    n_partitions: int, tmp_path: Path
):
    path = written(tmp_path, rows_of(CROWD.matrix))
    parts = spooled_partitions(path, spool=tmp_path, size=SIZE, n_partitions=n_partitions)
    names = [name for part in parts for name in part.matrix.task_names]
    assert names == [str(task) for task in range(SIZE.n_tasks)]
    posterior: dict[int, FloatArray] = {}
    engine = LocalEngine()
    partitions = Partitions(engine, [engine.do(lambda: part) for part in parts])  # noqa: B023
    fit_partitions(OneCoin(), partitions, lambda part, own: posterior.update({part.number: own}))
    found = np.concatenate([posterior[number] for number in range(n_partitions)])
    np.testing.assert_allclose(found, OneCoin().fit(CROWD.matrix).posterior_, atol=1e-6)
    assert not (tmp_path / "next.bin").exists()


def test_memory_does_not_grow_with_the_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Ten times as many rows of the same tasks: at their peak, Arrow and NumPy hold the same."""
    monkeypatch.setattr(spooling, "_ROWS_AT_ONCE", 2**14)
    sizes = (1_000, 60_000, 600_000)  # The first loads the machine code.
    _, few, many = (_peak_of_spooling(tmp_path, n_labels) for n_labels in sizes)
    assert many < few + 2**20  # Of these labels alone, 540,000 more would take 2.7 MiB.


def _peak_of_spooling(folder: Path, n_labels: int) -> int:
    index = np.arange(n_labels)
    table = pa.table({"task": index * 1000 // n_labels, "worker": index % 5000, "label": index % 3})
    parquet.write_table(table, folder / "many.parquet", row_group_size=30_000)
    usual = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        spooled_matrix(folder / "many.parquet", spool=folder, size=Extent(1000, 5000, 3))
        return pool.max_memory() + tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"task": [0, None]}, "Row 2 has no 'task'"),
        ({"worker": [0, 5]}, "'worker' of row 2 is 5, not in 0 to 4"),
        ({"label": [-1, 0]}, "'label' of row 1 is -1, not in 0 to 2"),
        ({"task": ["a", "b"]}, "'task' holds string, not indices"),
        ({"task": [7, 7], "worker": [1, 1]}, "Annotator 1 labelled task 7 more than once"),
    ],
)
def test_what_is_missing_or_out_of_range_is_refused_with_its_row(
    change: dict[str, list[int | None]], sentence: str, tmp_path: Path
):
    path = written(tmp_path, {"task": [0, 1], "worker": [0, 1], "label": [0, 1], **change})
    with pytest.raises(ValueError, match=sentence):
        spooled_matrix(path, spool=tmp_path, size=SIZE)
