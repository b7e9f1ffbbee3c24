"""Hold every algorithm to what they all promise, on crowds of any shape."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowd.aggregation import (
    Aggregator,
    CollapsedBayes,
    CorrelatedBayes,
    CrowdLab,
    DawidSkene,
    Ensemble,
    Glad,
    IndependentBayes,
    LabelMatrix,
    Mace,
    MajorityVote,
    OneCoin,
    SkillByClass,
    WeightedMajority,
)
from crowd.aggregation.planted import one_coin_crowd

# Few iterations, so that rounding cannot grow on a crowd that is balanced on a ridge.
CLIMBERS = (
    *(DawidSkene, OneCoin, Mace, Glad, IndependentBayes, CorrelatedBayes, SkillByClass, Ensemble),
    CollapsedBayes,
)
ALGORITHMS = [
    *(MajorityVote(), WeightedMajority(), CrowdLab()),
    *(climber(max_iterations=6) for climber in CLIMBERS),
]
# A shared machine may stall for longer than the default deadline of an example.
quickly = settings(deadline=None, max_examples=20)
each_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda each: each.name)


@st.composite
def label_matrices(draw: st.DrawFn) -> LabelMatrix:
    n_tasks, n_annotators = draw(st.integers(1, 8)), draw(st.integers(1, 5))
    n_classes = draw(st.integers(1, 4))
    cells = st.tuples(st.integers(0, n_tasks - 1), st.integers(0, n_annotators - 1))
    answers = draw(st.dictionaries(cells, st.integers(0, n_classes - 1), min_size=1))
    return matrix_from(
        [(task, annotator, label) for (task, annotator), label in answers.items()],
        (n_tasks, n_annotators, n_classes),
    )


def matrix_from(rows: list[tuple[int, int, int]], shape: tuple[int, int, int]) -> LabelMatrix:
    task, annotator, label = np.array(rows).T
    tasks, annotators, classes = (tuple(map(str, range(count))) for count in shape)
    return LabelMatrix(task, annotator, label, tasks, annotators, classes)


@each_algorithm
@quickly
@given(matrix=label_matrices())
def test_every_result_is_a_probability_of_the_right_shape(
    algorithm: Aggregator, matrix: LabelMatrix
):
    fit = algorithm.fit(matrix)
    tasks, annotators, classes = matrix.n_tasks, matrix.n_annotators, matrix.n_classes
    assert fit.posterior_.shape == (tasks, classes)
    assert fit.confusion_.shape == (annotators, classes, classes)
    np.testing.assert_allclose(fit.posterior_.sum(axis=1), 1)
    np.testing.assert_allclose(fit.confusion_.sum(axis=2), 1)
    assert (fit.posterior_ >= 0).all()
    assert (fit.confusion_ >= 0).all()
    assert (fit.reliability_low_ <= fit.reliability_).all()
    assert (fit.reliability_ <= fit.reliability_high_).all()
    assert (fit.reliability_low_ >= 0).all()
    assert (fit.reliability_high_ <= 1).all()


@each_algorithm
@quickly
@given(matrix=label_matrices())
def test_the_label_is_the_leading_class_and_the_confidence_its_probability(
    algorithm: Aggregator, matrix: LabelMatrix
):
    fit = algorithm.fit(matrix)
    np.testing.assert_allclose(fit.confidence_, fit.posterior_.max(axis=1), atol=1e-9)
    rows = np.arange(matrix.n_tasks)
    np.testing.assert_array_equal(fit.confidence_, fit.posterior_[rows, fit.labels_])
    lower = np.arange(matrix.n_classes) < fit.labels_[:, None]
    assert (np.where(lower, fit.posterior_, 0) < fit.confidence_[:, None]).all()


@each_algorithm
@quickly
@given(matrix=label_matrices(), data=st.data())
def test_renaming_tasks_annotators_and_classes_renames_the_result(
    algorithm: Aggregator, matrix: LabelMatrix, data: st.DataObject
):
    shape = (matrix.n_tasks, matrix.n_annotators, matrix.n_classes)
    of_task, of_annotator, of_class = (
        np.array(data.draw(st.permutations(range(count)))) for count in shape
    )
    renamed = matrix_from(
        list(
            zip(
                of_task[matrix.task],
                of_annotator[matrix.annotator],
                of_class[matrix.label],
                strict=True,
            )
        ),
        shape,
    )
    plain = _results(algorithm.fit(matrix))
    other = _results(algorithm.fit(renamed))
    classes = np.ix_(of_annotator, of_class, of_class)
    np.testing.assert_allclose(other[0][np.ix_(of_task, of_class)], plain[0], atol=1e-7)
    np.testing.assert_allclose(other[1][of_annotator], plain[1], atol=1e-7)
    np.testing.assert_allclose(other[2][classes], plain[2], atol=1e-7)


@each_algorithm
@quickly
@given(matrix=label_matrices(), data=st.data())
def test_the_order_of_input_changes_no_byte(
    algorithm: Aggregator, matrix: LabelMatrix, data: st.DataObject
):
    rows = list(zip(matrix.task, matrix.annotator, matrix.label, strict=True))
    shuffled = matrix_from(
        data.draw(st.permutations(rows)),
        (matrix.n_tasks, matrix.n_annotators, matrix.n_classes),
    )
    plain, other = _results(algorithm.fit(matrix)), _results(algorithm.fit(shuffled))
    assert [each.tobytes() for each in plain] == [each.tobytes() for each in other]


@each_algorithm
@quickly
@given(matrix=label_matrices(), data=st.data())
def test_known_answers_are_certain(algorithm: Aggregator, matrix: LabelMatrix, data: st.DataObject):
    classes = st.integers(0, matrix.n_classes - 1)
    known = data.draw(st.dictionaries(st.integers(0, matrix.n_tasks - 1), classes))
    fit = algorithm.fit(matrix, known)
    assert all(fit.labels_[task] == answer for task, answer in known.items())
    assert all(fit.confidence_[task] == 1 for task in known)
    assert np.isfinite(fit.posterior_).all()


@pytest.mark.parametrize("climber", CLIMBERS)
@quickly
@given(matrix=label_matrices(), data=st.data())
def test_the_objective_never_falls(
    climber: type[Aggregator], matrix: LabelMatrix, data: st.DataObject
):
    classes = st.integers(0, matrix.n_classes - 1)
    known = data.draw(st.dictionaries(st.integers(0, matrix.n_tasks - 1), classes))
    path = climber(tolerance=0, max_iterations=30).fit(matrix, known).objective_path_
    assert (np.diff(path) >= -1e-9 * (1 + np.abs(path[:-1]))).all()


@quickly
@given(matrix=label_matrices(), shrinkage=st.sampled_from([0.01, 0.5, 40.0, 1e4]))
def test_the_objective_never_falls_however_strong_the_pull(matrix: LabelMatrix, shrinkage: float):
    fit = DawidSkene(shrinkage=shrinkage, tolerance=0, max_iterations=30).fit(matrix)
    path = fit.objective_path_
    assert (np.diff(path) >= -1e-9 * (1 + np.abs(path[:-1]))).all()


@each_algorithm
def test_a_perfect_annotator_does_not_lower_accuracy(algorithm: Aggregator):
    changes = [_gain_from_a_perfect_annotator(type(algorithm)(), seed) for seed in range(8)]
    spread = np.std(changes) / np.sqrt(len(changes))
    assert np.mean(changes) >= -2 * spread


def _gain_from_a_perfect_annotator(algorithm: Aggregator, seed: int) -> float:
    crowd = one_coin_crowd([0.85, 0.7, 0.6, 0.75, 0.55, 0.65], 120, n_classes=3, seed=seed)
    plain = crowd.matrix
    matrix = LabelMatrix(
        np.concatenate([plain.task, np.arange(plain.n_tasks)]),
        np.concatenate([plain.annotator, np.full(plain.n_tasks, plain.n_annotators)]),
        np.concatenate([plain.label, crowd.truth]),
        plain.task_names,
        (*plain.annotator_names, "perfect"),
        plain.class_names,
    )
    before = (algorithm.fit_predict(plain) == crowd.truth).mean()
    return float((algorithm.fit_predict(matrix) == crowd.truth).mean() - before)


@pytest.mark.parametrize("algorithm", [type(each)() for each in ALGORITHMS])
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 3), (1, 2, 2), (2, 1, 2)])
def test_the_smallest_crowds_work(algorithm: Aggregator, shape: tuple[int, int, int]):
    rows = [(task, annotator, 0) for task in range(shape[0]) for annotator in range(shape[1])]
    fit = algorithm.fit(matrix_from(rows, shape))
    assert fit.labels_.tolist() == [0] * shape[0]
    assert fit.converged_


@each_algorithm
def test_the_parameters_make_the_same_algorithm_and_can_be_stored(algorithm: Aggregator):
    stored = json.loads(json.dumps(algorithm.parameters()))
    assert type(algorithm)(**stored).parameters() == algorithm.parameters()


def test_names_tell_the_algorithms_apart():
    assert len({algorithm.name for algorithm in ALGORITHMS}) == len(ALGORITHMS)
    assert all(algorithm.version for algorithm in ALGORITHMS)


def _results(fit: Aggregator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return fit.posterior_, fit.reliability_, fit.confusion_
