"""Hold the machine code to plain NumPy, on crowds of any shape."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crowd.aggregation import (
    Aggregator,
    BetaPrior,
    CollapsedBayes,
    DawidSkene,
    LabelMatrix,
    compiled_confusion,
    compiled_steps,
    confusion,
    em_steps,
    reliability,
    row_order,
)
from crowd.aggregation.compiled_confusion import shrunken
from crowd.aggregation.compiled_rows import RowPlacer
from crowd.aggregation.compiled_steps import CompiledSteps, right_labels
from crowd.aggregation.confusion import shrunken_confusions
from crowd.aggregation.em_steps import ArraySteps, Expected
from crowd.aggregation.nominal_methods import NOMINAL_METHODS
from crowd.aggregation.reliability import reliabilities_of
from crowd.aggregation.row_order import RepeatedLabel, Repeats, Rows, in_order

# Machine code is made for each of the smaller numbers, and once for all of the larger ones.
CLASSES = st.sampled_from([3, 10])
quickly = settings(deadline=None, max_examples=30)


@st.composite
def crowds(draw: st.DrawFn) -> tuple[LabelMatrix, dict[int, int]]:
    n_tasks, n_annotators = draw(st.integers(1, 150)), draw(st.integers(1, 9))
    n_classes = draw(CLASSES)
    generator = np.random.default_rng(draw(st.integers(0, 10_000)))
    answered = generator.random((n_tasks, n_annotators)) < draw(st.floats(0.05, 1))
    task, annotator = np.nonzero(answered)
    label = generator.integers(0, n_classes, len(task))
    matrix = LabelMatrix.from_arrays(
        task,
        annotator,
        label,
        n_tasks=n_tasks,
        n_annotators=n_annotators,
        n_classes=n_classes,
    )
    known = generator.random(n_tasks) < draw(st.sampled_from([0, 0.2]))
    classes = generator.integers(0, n_classes, n_tasks)
    return matrix, {int(each): int(classes[each]) for each in np.flatnonzero(known)}


@quickly
@given(crowd=crowds(), seed=st.integers(0, 1000))
def test_machine_code_gives_what_plain_arrays_give(
    crowd: tuple[LabelMatrix, dict[int, int]], seed: int
):
    matrix, known = crowd
    generator = np.random.default_rng(seed)
    # Spread over many powers of ten, as the matrices of a small prior are.
    chances = generator.dirichlet(
        np.full(matrix.n_classes, 0.1), (matrix.n_annotators, matrix.n_classes)
    )
    log_confusion = np.log(np.maximum(chances, 1e-200))
    log_shares = np.log(generator.dirichlet(np.ones(matrix.n_classes)))
    plain, fast = ArraySteps(matrix, known), CompiledSteps(matrix, known)
    assert_equal(fast.from_votes(0.5), plain.from_votes(0.5))
    assert_equal(fast.expect(log_confusion, log_shares), plain.expect(log_confusion, log_shares))
    posterior = plain.posterior(log_confusion, log_shares, 0.5)
    np.testing.assert_allclose(
        fast.posterior(log_confusion, log_shares, 0.5), posterior, atol=1e-9, rtol=0
    )


@quickly
@given(crowd=crowds())
def test_reliabilities_are_the_same(crowd: tuple[LabelMatrix, dict[int, int]]):
    matrix, _ = crowd
    posterior = np.random.default_rng(0).dirichlet(np.ones(matrix.n_classes), matrix.n_tasks)
    right, doubt = right_labels(matrix, posterior)
    chance = posterior[matrix.task, matrix.label]
    count = np.bincount(matrix.annotator, chance, matrix.n_annotators)
    np.testing.assert_allclose(right, count, atol=1e-9)
    variance = np.bincount(matrix.annotator, chance * (1 - chance), matrix.n_annotators)
    np.testing.assert_allclose(doubt, variance, atol=1e-9)
    assert reliabilities_of(matrix, posterior).mean.shape == right.shape


@quickly
@given(
    seed=st.integers(0, 1000),
    n_classes=st.integers(2, 6),
    weight=st.sampled_from([0.01, 3.0, 1e4]),
    most=st.sampled_from([0.1, 10.0, 1e6]),
)
@example(seed=308, n_classes=4, weight=3.0, most=10.0)  # A step of nothing left the maximum again.
def test_shrunken_matrices_are_the_same(seed: int, n_classes: int, weight: float, most: float):
    generator = np.random.default_rng(seed)
    counts = generator.random((5, n_classes, n_classes)) ** 4 * most
    counts[0] = 0
    counts[1] = np.eye(n_classes) * most
    plain = shrunken_confusions(counts, weight=weight, prior=BetaPrior(4, 2))
    confusion, log_prior = shrunken(counts, weight, 4, 2)
    np.testing.assert_allclose(confusion, plain.confusion, atol=1e-9, rtol=0)
    assert log_prior == pytest.approx(plain.log_prior, rel=1e-8, abs=1e-8)


def test_threads_change_no_byte():
    crowd = large_crowd(n_labels=3_000, n_annotators=6)
    log_confusion = np.log(np.random.default_rng(1).dirichlet(np.ones(3), (6, 3)))
    found = [
        step
        for threads in (1, 2, 4)
        for step in [CompiledSteps(crowd, threads=threads).expect(log_confusion, np.zeros(3))]
    ]
    assert len({step.counts.tobytes() for step in found}) == 1
    assert len({(step.class_tasks.tobytes(), step.log_evidence) for step in found}) == 1
    posteriors = [
        CompiledSteps(crowd, threads=threads).posterior(log_confusion, np.zeros(3), 0.5).tobytes()
        for threads in (1, 2)
    ]
    assert posteriors[0] == posteriors[1]


def test_a_table_beyond_the_cache_gives_the_same():
    crowd = large_crowd(n_labels=20_000, n_annotators=9_000)
    log_confusion = np.log(np.random.default_rng(1).dirichlet(np.ones(3), (9_000, 3)))
    plain, fast = (
        steps.expect(log_confusion, np.zeros(3))
        for steps in (ArraySteps(crowd), CompiledSteps(crowd))
    )
    assert_equal(fast, plain)


def test_a_whole_fit_is_the_same(monkeypatch: pytest.MonkeyPatch):
    crowd = large_crowd(n_labels=3_000, n_annotators=12)
    plain = DawidSkene(max_iterations=15, tolerance=0).fit(crowd, {3: 1})
    for module in (reliability, em_steps):
        monkeypatch.setattr(module, "COMPILED_FROM", 0)
    fast = DawidSkene(max_iterations=15, tolerance=0).fit(crowd, {3: 1})
    np.testing.assert_allclose(fast.posterior_, plain.posterior_, atol=1e-9)
    np.testing.assert_allclose(fast.objective_path_, plain.objective_path_, rtol=1e-11)
    np.testing.assert_allclose(fast.reliability_low_, plain.reliability_low_, atol=1e-9)


@quickly
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50), st.integers(0, 2)), max_size=90)
)
def test_counting_puts_rows_in_the_same_order_as_sorting(rows: list[tuple[int, int, int]]):
    task, annotator, label = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    label = label.astype(np.int8)
    for repeats in Repeats:
        placer = RowPlacer(5)
        for some in (slice(0, 40), slice(40, None)):
            placer.count(task[some])
        placer.begin(np.int8)
        for some in (slice(0, 40), slice(40, None)):
            placer.place(task[some], annotator[some], label[some])
        assert ordered(lambda: placer.finish(repeats)) == ordered(  # noqa: B023 - called at once
            lambda: in_order(task, annotator, label, 5, repeats)  # noqa: B023
        )


def test_the_loops_run_where_no_folder_can_be_written(tmp_path: Path):
    """As in a read-only container: neither beside the source, nor in a home, nor elsewhere."""
    script = (
        "from numba.core import caching\n"
        "caching.CacheImpl._locator_classes = []\n"
        "import numpy as np\n"
        "from crowd.aggregation.compiled_rows import RowPlacer\n"
        "placer = RowPlacer(2)\n"
        "placer.count(np.array([0, 1, 1]))\n"
        "print(placer._counts.tolist())\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(row_order.__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == "[1, 2]"


def large_crowd(*, n_labels: int, n_annotators: int) -> LabelMatrix:
    generator = np.random.default_rng(7)
    return LabelMatrix.from_arrays(
        np.repeat(np.arange(n_labels // 5), 5),
        generator.integers(0, n_annotators, n_labels),
        generator.integers(0, 3, n_labels),
        n_annotators=n_annotators,
        n_classes=3,
        repeats=Repeats.LAST,
    )


def assert_equal(fast: Expected, plain: Expected) -> None:
    np.testing.assert_allclose(fast.counts, plain.counts, atol=1e-9, rtol=0)
    np.testing.assert_allclose(fast.class_tasks, plain.class_tasks, atol=1e-9, rtol=1e-13)
    assert fast.log_evidence == pytest.approx(plain.log_evidence, rel=1e-12, abs=1e-9)


def ordered(order: Callable[[], Rows]) -> list[tuple[str, list[int]]] | tuple[int, int]:
    try:
        return [(array.dtype.name, array.tolist()) for array in order()]
    except RepeatedLabel as refused:
        return refused.task, refused.annotator


@pytest.mark.parametrize(
    "algorithm", [*NOMINAL_METHODS.values(), CollapsedBayes], ids=lambda each: each.name
)
def test_threads_change_no_byte_of_any_method(
    algorithm: type[Aggregator], monkeypatch: pytest.MonkeyPatch
):
    crowd = large_crowd(n_labels=3_000, n_annotators=6)
    assert len(CompiledSteps(crowd)._tables) == 4  # So that there is something to share out.
    for module in (reliability, em_steps):
        monkeypatch.setattr(module, "COMPILED_FROM", 0)
    for module in (compiled_steps, compiled_confusion):
        monkeypatch.setattr(module, "_THREADS_FROM", 0)
    monkeypatch.setattr(confusion, "_COMPILED_FROM", 0)
    found = set()
    for threads in (1, 2, 4):
        for module in (compiled_steps, compiled_confusion):
            monkeypatch.setattr(module, "most_threads", lambda: threads)  # noqa: B023 - fits below
        fit = algorithm(**_few_iterations(algorithm)).fit(crowd, {3: 1})
        results = (fit.posterior_, fit.confusion_, fit.reliability_, fit.reliability_low_)
        found.add(b"".join(each.tobytes() for each in results))
    assert len(found) == 1


def _few_iterations(algorithm: type[Aggregator]) -> dict[str, int]:
    return {"max_iterations": 4} if "max_iterations" in algorithm().parameters() else {}
