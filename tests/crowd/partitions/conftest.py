"""Share a crowd whose labels lie in several files, in no order."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from crowd.aggregation.planted import PlantedCrowd, one_coin_crowd


@pytest.fixture(scope="session")
def crowd() -> PlantedCrowd:
    return one_coin_crowd([0.9, 0.85, 0.8, 0.7, 0.6, 0.55], 90, n_classes=3, seed=4)


@pytest.fixture(scope="session")
def labels(tmp_path_factory: pytest.TempPathFactory, crowd: PlantedCrowd) -> Path:
    """A folder of a CSV file and two Parquet files, each of them with labels of any task."""
    folder = tmp_path_factory.mktemp("labels")
    table = table_of(crowd).take(np.random.default_rng(1).permutation(crowd.matrix.n_labels))
    csv.write_csv(table.slice(0, 100), folder / "a.csv")
    parquet.write_table(table.slice(100, 200), folder / "b.parquet")
    parquet.write_table(table.slice(300), folder / "c.parquet")
    return folder


def table_of(crowd: PlantedCrowd) -> pa.Table:
    matrix = crowd.matrix
    return pa.table(
        {
            "task": np.array(matrix.task_names)[matrix.task],
            "worker": np.array(matrix.annotator_names)[matrix.annotator],
            "label": np.array(matrix.class_names)[matrix.label],
        }
    )
