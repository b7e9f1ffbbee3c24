"""Run on public crowds with known truth, where FOLKMOOT_CROWD_DATA names their folder.

Each crowd is a folder with labels.csv (item, worker, label) and truth.csv (item, label).
"""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from crowd.aggregation import Aggregator, DawidSkene, LabelMatrix, MajorityVote

DATA = os.environ.get("FOLKMOOT_CROWD_DATA")

pytestmark = pytest.mark.skipif(DATA is None, reason="FOLKMOOT_CROWD_DATA is not set")


@pytest.mark.parametrize(
    ("crowd", "majority", "dawid_skene"),
    [("rte", 0.919, 0.929), ("temp", 0.939, 0.942), ("bluebird", 0.759, 0.889)],
)
def test_accuracy_is_what_was_measured(crowd: str, majority: float, dawid_skene: float):
    assert accuracy(MajorityVote(), crowd) == pytest.approx(majority, abs=0.002)
    assert accuracy(DawidSkene(), crowd) == pytest.approx(dawid_skene, abs=0.006)


def accuracy(algorithm: Aggregator, crowd: str) -> float:
    truth = {row["item"]: row["label"] for row in rows_of(crowd, "truth")}
    labels = [(row["item"], row["worker"], row["label"]) for row in rows_of(crowd, "labels")]
    matrix = LabelMatrix.from_labels(labels, classes=sorted(set(truth.values())))
    answers = [matrix.class_names[label] for label in algorithm.fit_predict(matrix)]
    judged = zip(matrix.task_names, answers, strict=True)
    return float(np.mean([answer == truth[task] for task, answer in judged if task in truth]))


def rows_of(crowd: str, table: str) -> list[dict[str, str]]:
    with (Path(DATA or "") / crowd / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))
