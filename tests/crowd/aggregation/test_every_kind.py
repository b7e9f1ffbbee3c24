"""Hold the consensus of every kind of answer to what they all promise, on tiny crowds too."""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from crowd.aggregation import (
    Aggregator,
    BradleyTerry,
    ClassSetRows,
    ComparisonRows,
    CrowdBradleyTerry,
    Estimator,
    GaussianCrowd,
    GradedCrowd,
    GradedEnsemble,
    LabelMatrix,
    MultiLabelCrowd,
    NumberRows,
    RegionConsensus,
    RegionRows,
    SequenceCrowd,
    TextMedoid,
    TextRows,
    TokenRows,
)

GRADES = ["poor", "fair", "good"]
TAGS = ["B-x", "I-x", "O"]
TAGGED = [["O", "O"], ["B-x", "O"], ["B-x", "I-x"]]
LEFTS = [[], [1.0], [0.0, 40.0]]
TEXTS = ["the cat", "a cat", "the cat sat"]

# Task, annotator, and the number from 0 to 2 that every kind writes down in its own way.
Answers = Sequence[tuple[str, str, int]]
Fit = Aggregator | Estimator


class Kind(NamedTuple):
    """Pair an algorithm with what its rows are made by."""

    make: Callable[[], Fit]
    rows: Callable[[Answers], object]


def numbers(answers: Answers) -> NumberRows:
    return NumberRows.from_answers((task, who, float(said)) for task, who, said in answers)


def grades(answers: Answers) -> LabelMatrix:
    rows = [(task, who, GRADES[said]) for task, who, said in answers]
    return LabelMatrix.from_labels(rows, classes=GRADES)


def class_sets(answers: Answers) -> ClassSetRows:
    rows = ((task, who, GRADES[:said]) for task, who, said in answers)
    return ClassSetRows.from_answers(rows, classes=GRADES)


def comparisons(answers: Answers) -> ComparisonRows:
    return ComparisonRows.from_answers((who, task, "it", said / 2) for task, who, said in answers)


def tags(answers: Answers) -> TokenRows:
    rows = ((task, who, TAGGED[said]) for task, who, said in answers)
    return TokenRows.from_answers(rows, tags=TAGS)


def boxes(answers: Answers) -> RegionRows:
    rows = (
        (task, who, [("", [left, 0.0, left + 9, 9.0]) for left in LEFTS[said]])
        for task, who, said in answers
    )
    return RegionRows.from_answers(rows)


def texts(answers: Answers) -> TextRows:
    return TextRows.from_answers((task, who, TEXTS[said]) for task, who, said in answers)


KINDS = [
    *(Kind(GaussianCrowd, numbers), Kind(GradedCrowd, grades), Kind(GradedEnsemble, grades)),
    *(Kind(MultiLabelCrowd, class_sets), Kind(BradleyTerry, comparisons)),
    *(Kind(CrowdBradleyTerry, comparisons), Kind(SequenceCrowd, tags)),
    *(Kind(RegionConsensus, boxes), Kind(TextMedoid, texts)),
]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.make.__name__)

N_TASKS, N_ANNOTATORS = 7, 5
SAID = np.random.default_rng(3).integers(0, 3, (N_TASKS, N_ANNOTATORS))
CROWD = [(f"t{task}", f"a{who}", int(said)) for (task, who), said in np.ndenumerate(SAID)]


def results_of(fit: Fit) -> dict[str, NDArray[np.generic]]:
    kept = {name: value for name, value in vars(fit).items() if name.endswith("_")}
    return {name: value for name, value in kept.items() if isinstance(value, np.ndarray)}


@each_kind
@pytest.mark.parametrize(
    "answers",
    [
        [("t", "a", 1)],
        [("t", "a", 1), ("t", "b", 1), ("t", "c", 2)],
        [("t", "a", 1), ("u", "a", 0), ("v", "a", 2)],
        [*CROWD, ("alone", "a0", 1), ("t0", "once", 1)],
    ],
    ids=["one label", "one task", "one annotator", "a task and an annotator with one label"],
)
def test_the_smallest_crowds_work(kind: Kind, answers: Answers):
    fit = kind.make().fit(kind.rows(answers))
    assert fit.converged_
    assert fit.n_iterations_ >= 1
    assert results_of(fit)
    for name, values in results_of(fit).items():
        if values.dtype.kind == "f" and not _may_be_unknown(name):
            assert np.isfinite(values).all(), name


def _may_be_unknown(name: str) -> bool:
    """Nobody can say how reliable someone is who gave nothing to judge by; a rank has no limits."""
    return name in {"reliability_", "low_", "high_"}


@each_kind
def test_the_order_of_input_changes_no_byte(kind: Kind):
    shuffled = [CROWD[row] for row in np.random.default_rng(0).permutation(len(CROWD))]
    plain, other = (kind.make().fit(kind.rows(answers)) for answers in (CROWD, shuffled))
    assert plain.digest_ == other.digest_
    for name, values in results_of(plain).items():
        assert values.tobytes() == results_of(other)[name].tobytes(), name


@each_kind
def test_other_names_permute_the_result_and_change_nothing_else(kind: Kind):
    """Names that count tasks and annotators from the other end."""
    turned = [
        (f"t{N_TASKS - 1 - int(task[1:])}", f"a{N_ANNOTATORS - 1 - int(who[1:])}", said)
        for task, who, said in CROWD
    ]
    plain, other = (results_of(kind.make().fit(kind.rows(each))) for each in (CROWD, turned))
    for name in plain.keys() - {"objective_path_"}:
        expected, found = plain[name], other[name][::-1]
        if len(expected) not in {N_TASKS, N_ANNOTATORS}:
            expected, found = np.sort(expected, axis=0), np.sort(found, axis=0)
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(found, expected, atol=1e-6, err_msg=name)


@each_kind
def test_a_result_tells_how_it_was_made(kind: Kind):
    fit = kind.make().fit(kind.rows(CROWD))
    stored = json.loads(json.dumps(fit.parameters()))
    assert type(fit)(**stored).parameters() == fit.parameters()
    assert fit.version
    assert len(fit.digest_) == 64
    assert fit.digest_ != kind.make().fit(kind.rows(CROWD[:-1])).digest_


def test_names_tell_the_algorithms_apart():
    assert len({kind.make().name for kind in KINDS}) == len(KINDS)
