from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowd.aggregation import DawidSkene
from crowd.aggregation.incremental import OnlineConsensus
from crowd.aggregation.planted import PlantedCrowd, one_coin_crowd
from crowd.aggregation.posteriors import decide

Labels = Sequence[tuple[int, int, int]]

# A task, an annotator and a class, no annotator twice on a task.
streams = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 2)),
    max_size=25,
    unique_by=lambda label: label[:2],
)


def labels_of(crowd: PlantedCrowd, seed: int = 0) -> list[tuple[int, int, int]]:
    matrix = crowd.matrix
    order = np.random.default_rng(seed).permutation(matrix.n_labels)
    columns = (matrix.task, matrix.annotator, matrix.label)
    return list(zip(*(column[order].tolist() for column in columns), strict=True))


def state_of(online: OnlineConsensus) -> list[list[float]]:
    posteriors = [online.posterior(task).tolist() for task in range(6)]
    return posteriors + [online.confusion(annotator).ravel().tolist() for annotator in range(5)]


def posteriors_of(online: OnlineConsensus, n_tasks: int) -> np.ndarray:
    return np.array([online.posterior(task) for task in range(n_tasks)])


@settings(deadline=None, max_examples=40)
@given(labels=streams, cut=st.integers(0, 25))
def test_label_by_label_it_is_what_fit_makes_of_all_of_them(labels: Labels, cut: int):
    online = OnlineConsensus(3, known={5: 1}).fit(labels[:cut])
    for label in labels[cut:]:
        online.partial_fit(*label)
        online.posterior(label[0])  # To ask changes nothing, not even a last digit.
    assert state_of(online) == state_of(OnlineConsensus(3, known={5: 1}).fit(labels))


@settings(deadline=None, max_examples=40)
@given(labels=streams)
def test_what_is_known_of_annotators_is_the_sum_over_their_tasks(labels: Labels):
    """Counted anew from the tasks' own posteriors, nothing has been lost or counted twice."""
    online = OnlineConsensus(3, correlation=0).fit(labels)
    counts = np.zeros((5, 3, 3))
    for task, annotator, label in labels:
        counts[annotator, :, label] += online._tasks[task].posterior
    for annotator in range(5):
        right = np.trace(counts[annotator])
        skill = (4 + right) / (6 + counts[annotator].sum())
        coin = np.where(np.eye(3, dtype=bool), skill, (1 - skill) / 2)
        expected = counts[annotator] + 3 * coin
        np.testing.assert_allclose(
            online.confusion(annotator), expected / expected.sum(axis=1, keepdims=True), atol=1e-9
        )
        assert online.reliability(annotator) == pytest.approx(skill)


@settings(deadline=None, max_examples=30)
@given(labels=streams, classes=st.permutations(range(3)), names=st.permutations(range(6)))
def test_other_names_permute_the_result_and_change_nothing_else(
    labels: Labels, classes: Sequence[int], names: Sequence[int]
):
    plain = OnlineConsensus(3).fit(labels)
    renamed = OnlineConsensus(3).fit(
        (names[task], f"annotator {names[annotator]}", classes[label])
        for task, annotator, label in labels
    )
    for task in range(6):
        turned = renamed.posterior(names[task])[list(classes)]
        np.testing.assert_allclose(turned, plain.posterior(task), atol=1e-9)
        assert plain.posterior(task).sum() == pytest.approx(1)


def test_a_single_label_is_believed_as_a_newcomer_is():
    online = OnlineConsensus(2).partial_fit("task", "annotator", 1)
    np.testing.assert_allclose(online.posterior("task"), [1 / 3, 2 / 3])
    np.testing.assert_allclose(online.posterior("another"), [4 / 9, 5 / 9])


def test_it_comes_close_to_a_full_fit(mixed_crowd: PlantedCrowd):
    full = DawidSkene().fit(mixed_crowd.matrix)
    online = OnlineConsensus(2).fit(labels_of(mixed_crowd))
    right = decide(posteriors_of(online, 600)) == mixed_crowd.truth
    assert right.mean() >= (full.labels_ == mixed_crowd.truth).mean() - 0.01
    reliabilities = [online.reliability(annotator) for annotator in range(10)]
    skills = np.trace(mixed_crowd.confusion, axis1=1, axis2=2) / 2
    np.testing.assert_allclose(reliabilities, skills, atol=0.06)


def test_sweeps_take_away_what_the_order_did(mixed_crowd: PlantedCrowd):
    one, other = (OnlineConsensus(2).fit(labels_of(mixed_crowd, seed)) for seed in (1, 2))
    apart = np.abs(posteriors_of(one, 600) - posteriors_of(other, 600)).max()
    changes = [(one.sweep(), other.sweep()) for _ in range(12)]
    assert max(changes[-1]) < 1e-4 < max(changes[0])
    assert np.abs(posteriors_of(one, 600) - posteriors_of(other, 600)).max() < apart / 20


def test_gold_stays_what_it_is_and_teaches_who_is_right():
    gold = dict.fromkeys(range(20), 0)
    labels = [(task, annotator, annotator) for task in range(20) for annotator in (0, 1)]
    online = OnlineConsensus(2, known=gold).fit(labels)
    np.testing.assert_array_equal(online.posterior(3), [1, 0])
    assert online.reliability(0) > 0.9
    assert online.reliability(1) < 0.2


def test_a_single_class_is_certain():
    online = OnlineConsensus(1).fit([(0, 0, 0), (0, 1, 0)])
    np.testing.assert_allclose(online.posterior(0), [1])
    np.testing.assert_allclose(online.confusion(0), [[1]])


def test_labels_that_cannot_be_are_refused():
    online = OnlineConsensus(2).partial_fit("task", "annotator", 0)
    with pytest.raises(ValueError, match="more than once"):
        online.partial_fit("task", "annotator", 1)
    with pytest.raises(ValueError, match="not in 0 to 1"):
        online.partial_fit("task", "other", 2)
    with pytest.raises(ValueError, match=r"0\.5 is not in 0 to 1"):
        online.partial_fit("task", "other", 0.5)
    with pytest.raises(ValueError, match="known answer is not in 0 to 1"):
        OnlineConsensus(2, known={"task": 2})
    with pytest.raises(ValueError, match="correlation"):
        OnlineConsensus(2, correlation=2)


def test_many_classes_and_labels_lose_no_precision():
    crowd = one_coin_crowd([0.6] * 12, n_tasks=40, n_classes=9, labels_per_task=12)
    online = OnlineConsensus(9).fit(labels_of(crowd))
    assert posteriors_of(online, 40).sum(axis=1) == pytest.approx(np.ones(40))
    assert (decide(posteriors_of(online, 40)) == crowd.truth).mean() > 0.95


def test_it_tells_how_it_was_made():
    made = OnlineConsensus(3, shrinkage=2, correlation=0.1)
    assert OnlineConsensus(**made.parameters()).parameters() == made.parameters()
    assert (made.name, made.version) == ("online", "1")
