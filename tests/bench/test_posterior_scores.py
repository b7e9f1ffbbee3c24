from pathlib import Path

import numpy as np
import pytest

from folkmoot.bench.crowd_data import read_crowds
from folkmoot.bench.posterior_scores import scores_of
from folkmoot.kernel.errors import InvalidInput


def test_scores_are_what_a_pocket_calculator_says():
    posterior = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.5, 0.5]])
    scores = scores_of(posterior, {0: 0, 1: 1, 2: 1})
    assert scores.accuracy == pytest.approx(2 / 3)
    assert scores.log_loss == pytest.approx(-np.log([0.9, 0.8, 0.4]).mean())
    assert scores.brier == pytest.approx((0.02 + 0.08 + 0.72) / 3)
    assert scores.calibration_error == pytest.approx((0.1 + 0.2 + 0.6) / 3)
    assert scores.least_chance == pytest.approx(0.4)


def test_the_last_of_two_labels_counts_and_numbers_sort_by_size(tmp_path: Path):
    crowd = tmp_path / "small"
    crowd.mkdir()
    (crowd / "SOURCE.txt").write_text("kind: nominal (ordinal scale)\nrepo: none\n")
    (crowd / "labels.csv").write_text("item,worker,label\n2,w,10\n10,w,9\n2,w,9\n")
    (crowd / "truth.csv").write_text("item,label\n2,10\n")
    [read] = read_crowds(tmp_path)
    assert (read.kind, read.remark, read.matrix.class_names) == (
        "nominal",
        "ordinal scale",
        ("9", "10"),
    )
    assert read.matrix.label.tolist() == [0, 0]
    assert dict(read.truth) == {0: 1}
    with pytest.raises(InvalidInput):
        read_crowds(tmp_path, kinds=["numeric"])
