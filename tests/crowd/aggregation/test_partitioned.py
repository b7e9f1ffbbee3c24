"""Partitions, however cut, give what one machine gives."""

import pickle
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowd.aggregation import Glad, LabelMatrix, WeightedMajority
from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.nominal_methods import NOMINAL_METHODS
from crowd.aggregation.partitioned import (
    Held,
    LocalEngine,
    Partition,
    PartitionedSteps,
    Partitions,
)
from crowd.aggregation.partitioned_fit import fit_partitions
from crowd.aggregation.planted import one_coin_crowd
from crowd.aggregation.row_order import Rows

WHOLE_ONLY = {"glad", "ebcc", "weighted_majority"}


def cut(matrix: LabelMatrix, known: dict[int, int], cuts: Sequence[int]) -> Partitions:
    """Cut a crowd before these tasks."""
    edges = [0, *cuts, matrix.n_tasks]
    parts = [part(matrix, known, number, *some) for number, some in enumerate(pairwise(edges))]
    return Partitions(LocalEngine(), [Held(each) for each in parts])


def part(
    matrix: LabelMatrix, known: dict[int, int], number: int, first: int, last: int
) -> Partition:
    offsets = matrix.task_offsets[first : last + 1]
    some = slice(offsets[0], offsets[-1])
    rows = Rows(offsets - offsets[0], matrix.annotator[some].copy(), matrix.label[some].copy())
    names = tuple(matrix.task_names[first:last])
    own = LabelMatrix.from_rows(rows, names, matrix.annotator_names, matrix.class_names)
    inside = {task - first: answer for task, answer in known.items() if first <= task < last}
    return Partition(number, own, inside)


def fitted(name: str, partitions: Partitions) -> tuple[FloatArray, FloatArray]:
    kept: dict[int, FloatArray] = {}
    fit = fit_partitions(
        NOMINAL_METHODS[name](),
        partitions,
        lambda partition, posterior: kept.update({partition.number: posterior}),
    )
    posterior = np.concatenate([kept[number] for number in sorted(kept)])
    return posterior, np.stack(fit.reliabilities)


@pytest.mark.parametrize("name", sorted(set(NOMINAL_METHODS) - WHOLE_ONLY))
@settings(deadline=None, max_examples=12)
@given(
    seed=st.integers(0, 10_000),
    n_classes=st.integers(1, 4),
    places=st.lists(st.floats(0, 1), max_size=6),
    n_known=st.sampled_from([0, 7]),
)
def test_any_partitions_give_what_one_machine_gives(
    name: str, seed: int, n_classes: int, places: list[float], n_known: int
):
    crowd = one_coin_crowd(
        [0.9, 0.8, 0.75, 0.6, 0.55, 0.5], 60, n_classes=n_classes, labels_per_task=3, seed=seed
    )
    known = {task * 5: int(crowd.truth[task * 5]) for task in range(n_known)}
    cuts = sorted(int(place * 60) for place in places)
    whole = NOMINAL_METHODS[name]().fit(crowd.matrix, known)

    posterior, reliability = fitted(name, cut(crowd.matrix, known, cuts))

    np.testing.assert_allclose(posterior, whole.posterior_, atol=1e-9, rtol=0)
    limits = [whole.reliability_, whole.reliability_low_, whole.reliability_high_]
    np.testing.assert_allclose(reliability, limits, atol=1e-9, rtol=0)


@pytest.mark.parametrize("method", [Glad(), WeightedMajority()])
def test_a_method_that_needs_all_labels_in_one_place_says_so(method):
    partitions = cut(one_coin_crowd([0.8, 0.7], 4, labels_per_task=2).matrix, {}, [2])
    with pytest.raises(ValueError, match=f"{method.name} cannot be fitted in partitions"):
        fit_partitions(method, partitions, lambda *_: None)


def test_sums_are_added_pair_by_pair_in_the_order_of_partitions():
    partitions = cut(one_coin_crowd([0.8, 0.7], 5, labels_per_task=2).matrix, {}, [1, 2, 3, 4])
    tree = partitions.total(lambda one: str(one.number), lambda one, other: f"({one}{other})")
    assert tree == "(((01)(23))4)"


def test_steps_gather_a_posterior_in_the_order_of_partitions():
    matrix = one_coin_crowd([0.9, 0.7, 0.6], 20, labels_per_task=3).matrix
    log_confusion = np.log(np.random.default_rng(0).dirichlet([3, 1], (3, 2)))
    one, several = (
        PartitionedSteps(cut(matrix, {2: 1}, cuts)).posterior(log_confusion, np.zeros(2), 0.5)
        for cuts in ([], [3, 11])
    )
    np.testing.assert_array_equal(one, several)


def test_a_partition_travels_unchanged():
    sent = part(one_coin_crowd([0.9, 0.7, 0.6], 20, labels_per_task=2).matrix, {4: 1}, 2, 3, 9)
    come = pickle.loads(pickle.dumps(sent))
    assert come.matrix.digest() == sent.matrix.digest()
    assert (come.number, come.known) == (2, {1: 1})
    assert not come.matrix.label.flags.writeable
