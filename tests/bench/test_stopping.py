import json
from pathlib import Path

import numpy as np
import pytest

from crowd.aggregation.planted import one_coin_crowd
from folkmoot.bench.crowd_data import RealCrowd
from folkmoot.bench.measure import write_json
from folkmoot.bench.replaying import FLOOR, WORTHS, Replays, replay_crowd, settled_place
from folkmoot.bench.stopping import GIVEN_UP, _needed, labels_to_reach, run


def crowd_of(skill: float) -> RealCrowd:
    crowd = one_coin_crowd([skill] * 12, n_tasks=60, labels_per_task=7, seed=1)
    return RealCrowd("planted", "nominal", "", crowd.matrix, dict(enumerate(crowd.truth.tolist())))


def test_the_labels_needed_lie_between_the_points_around_the_target():
    labels = np.array([[1.0, 2.0, 4.0]] * 4)
    accuracy = np.array([[0.7, 0.8, 0.9], [0.7, 0.8, 0.9], [0.7, 0.8, 0.9], [0.8, 0.7, 0.9]])
    target = np.array([0.85, 0.6, 0.95, 0.85])
    assert labels_to_reach(labels, accuracy, target).tolist() == pytest.approx([3, 1, 4, 3])


def test_a_label_is_worth_less_until_twice_that_changes_hardly_any_answer():
    assert settled_place([0.02, 0.01, 0.005, 0.004, 0.01], 0.005) == 4
    assert settled_place([0.0, 0.01, 0.0, 0.0], 0.005) == 4
    assert settled_place([0.0, 0.0, 0.01], 0.005) == 2
    assert settled_place([0.02, 0.01, 0.01], 0.005) == 3


def test_a_rule_that_never_comes_close_enough_needs_every_vote():
    labels, right = np.full((2, 50), 10.0), np.ones((2, 50))
    early = np.full((3, 50), 4.0), np.zeros((3, 50))
    crowd = Replays("some", labels, right, *early, labels[0], right[0])
    (fixed,), (early,) = _needed(crowd, np.ones((1, 50)))
    assert fixed == 10
    assert early == pytest.approx(10, abs=0.1)


def test_a_rule_asks_more_the_less_a_label_is_worth():
    found = replay_crowd(crowd_of(0.8), seeds=2, may_change=GIVEN_UP)
    labels = found.labels_early.mean(axis=1)
    assert len(labels) == len(WORTHS)
    assert FLOOR <= labels[0] < labels[-1] < 7
    assert (np.diff(labels) >= 0).all()
    assert labels[2] <= found.labels_settled.mean() <= labels[-1]
    assert found.right_settled.shape == found.right_fixed[-1].shape
    assert found.labels_fixed.mean(axis=1).tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_the_bench_tells_of_each_crowd_and_writes_its_figures(tmp_path: Path):
    for name, skill in (("one", 0.8), ("other", 0.7)):
        matrix, truth, folder = crowd_of(skill).matrix, crowd_of(skill).truth, tmp_path / name
        folder.mkdir()
        (folder / "SOURCE.txt").write_text("kind: nominal\n")
        rows = zip(matrix.task, matrix.annotator, matrix.label, strict=True)
        given = "".join(f"{task},{who},{label}\n" for task, who, label in rows)
        (folder / "labels.csv").write_text("item,worker,label\n" + given)
        known = "".join(f"{task},{label}\n" for task, label in truth.items())
        (folder / "truth.csv").write_text("item,label\n" + known)
    figures = list(run(data=tmp_path, names="one,other", seeds=1, audit_share=0.05))
    write_json(tmp_path / "figures.json", bench="stopping", figures=figures)
    told = {
        each["name"]: each["value"]
        for each in json.loads((tmp_path / "figures.json").read_text())["figures"]
    }
    assert told["one: saved, lower limit"] <= told["one: saved"] <= told["one: saved, upper limit"]
    assert told["one: saved, check counted"] <= told["one: saved"]
    assert 3 <= told["other: labels by itself"] <= 7
