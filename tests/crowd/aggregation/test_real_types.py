"""Run on public crowds of other kinds of answer, where FOLKMOOT_CROWD_DATA names their folder."""

import os
from pathlib import Path

import numpy as np
import pytest

from crowd.aggregation import GaussianCrowd, GradedEnsemble, RegionConsensus
from folkmoot.bench.crowd_data import read_crowds
from folkmoot.bench.span_scores import box_score
from folkmoot.bench.type_data import read_boxes, read_numbers

DATA = os.environ.get("FOLKMOOT_CROWD_DATA")

pytestmark = pytest.mark.skipif(DATA is None, reason="FOLKMOOT_CROWD_DATA is not set")


def test_numbers_are_no_worse_than_the_mean_and_gold_makes_limits_honest():
    crowd = read_numbers(Path(DATA or "") / "emotion_numeric")
    other = np.arange(len(crowd.truth)) % 2 == 1
    known = {task: float(crowd.truth[task]) for task in np.flatnonzero(~other).tolist()}
    fit = GaussianCrowd().fit(crowd.rows, known)
    mean = np.bincount(crowd.rows.task, crowd.rows.value) / np.bincount(crowd.rows.task)
    assert np.abs(fit.values_ - crowd.truth).mean() < np.abs(mean - crowd.truth).mean()
    inside = (fit.low_ <= crowd.truth) & (crowd.truth <= fit.high_)
    assert 0.93 < inside[other].mean() < 0.99


def test_boxes_are_what_was_measured():
    crowd = read_boxes(Path(DATA or "") / "pedestrian_boxes")
    fit = RegionConsensus().fit(crowd.rows)
    found = {task: fit.ends_[fit.task_ == task] for task in np.unique(fit.task_).tolist()}
    score = box_score(found, crowd.truth)
    assert score.f1 > 0.91
    assert score.overlap > 0.825


def test_grades_are_what_was_measured():
    (crowd,) = read_crowds(Path(DATA or ""), names=["web"])
    grades = GradedEnsemble().fit_predict(crowd.matrix)
    errors = [abs(int(grades[task]) - truth) for task, truth in crowd.truth.items()]
    assert np.mean(errors) < 0.21
