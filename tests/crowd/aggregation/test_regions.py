import numpy as np
import pytest
from numpy.typing import NDArray

from crowd.aggregation.overlaps import clusters_of, overlaps_of
from crowd.aggregation.region_consensus import RegionConsensus
from crowd.aggregation.region_rows import RegionRows

FINDS = [0.95, 0.9, 0.9, 0.8, 0.4]
INVENTS = [0.05, 0.1, 0.1, 0.1, 1.0]
SPREADS = [0.01, 0.03, 0.03, 0.06, 0.12]

Answer = tuple[str, str, list[tuple[str, list[float]]]]


def planted(seed: int = 0, n_tasks: int = 150) -> tuple[list[Answer], list[NDArray[np.float64]]]:
    """Three people in each picture; inventions lie where nobody else draws."""
    generator = np.random.default_rng(seed)
    answers: list[Answer] = []
    truth = []
    for task in range(n_tasks):
        left = np.array([0.0, 40.0, 80.0]) + generator.uniform(0, 8, 3)
        boxes = np.stack([left, np.full(3, 10.0), left + 20, np.full(3, 50.0)], axis=1)
        truth.append(boxes)
        for who, (finds, invents, spread) in enumerate(zip(FINDS, INVENTS, SPREADS, strict=True)):
            seen = boxes[generator.random(3) < finds]
            seen = seen + spread * np.array([20, 40, 20, 40]) * generator.normal(size=seen.shape)
            drawn = [("person", box.tolist()) for box in seen]
            if generator.random() < invents:
                place = 200.0 + 100 * who
                drawn.append(("person", [place, 0.0, place + 20, 40.0]))
            answers.append((f"t{task:03}", f"a{who}", drawn))
    return answers, truth


def rows_of(answers: list[Answer]) -> RegionRows:
    return RegionRows.from_answers(answers, classes=["person", "dog"])


def test_overlap_is_intersection_over_union():
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6], [0, 0, 0, 0]], dtype=float)
    shared = overlaps_of(boxes)
    np.testing.assert_allclose(shared[0], [1, 2 / 6, 0, 0])
    np.testing.assert_allclose(overlaps_of(np.array([[0.0, 4.0], [2.0, 6.0]]))[0, 1], 1 / 3)


def test_a_cluster_holds_one_region_of_an_annotator_at_most():
    same = ("person", [0.0, 0.0, 10.0, 10.0])
    rows = rows_of([("t", "ann", [same, same]), ("t", "bob", [same])])
    clusters = clusters_of(rows, rows.ends, overlap=0.5)
    assert sorted(np.bincount(clusters.cluster).tolist()) == [1, 2]


def test_planted_people_are_found_and_inventions_left_out():
    answers, truth = planted()
    fit = RegionConsensus().fit(rows_of(answers))
    assert fit.converged_
    assert len(fit.task_) == pytest.approx(3 * len(truth), rel=0.02)
    assert (fit.ends_[:, 0] < 150).mean() > 0.98
    np.testing.assert_allclose(fit.finds_, FINDS, atol=0.06)
    assert fit.invents_.argmax() == 4
    # Nobody draws where another invents; that each invention has an inventor proves nothing.
    assert fit.invents_.max() < 0.2
    assert np.argsort(fit.spread_)[[0, 4]].tolist() == [0, 4]


def test_ends_are_nearer_than_the_median_of_all():
    answers, truth = planted()
    rows = rows_of(answers)
    fit = RegionConsensus().fit(rows)
    errors, usual = [], []
    for number, (task, ends) in enumerate(zip(fit.task_, fit.ends_, strict=True)):
        nearest = truth[task][np.abs(truth[task] - ends).sum(axis=1).argmin()]
        errors.append(np.abs(ends - nearest).mean())
        usual.append(np.abs(np.median(rows.ends[fit.cluster_ == number], axis=0) - nearest).mean())
    assert np.median(errors) < 0.8 * np.median(usual)


def test_order_changes_nothing_and_names_only_names():
    answers, _ = planted(n_tasks=20)
    fit = RegionConsensus().fit(rows_of(answers))
    again = RegionConsensus().fit(rows_of(answers[::-1]))
    assert again.ends_.tobytes() == fit.ends_.tobytes()
    assert again.digest_ == fit.digest_
    renamed = [(task[::-1], f"z{9 - int(who[1:])}", drawn) for task, who, drawn in answers]
    other = RegionConsensus().fit(rows_of(renamed))
    np.testing.assert_allclose(np.sort(other.ends_[:, 0]), np.sort(fit.ends_[:, 0]), rtol=1e-4)
    np.testing.assert_allclose(other.finds_[::-1], fit.finds_, atol=1e-4)


def test_units_change_nothing():
    answers, _ = planted(n_tasks=20)
    small = [
        (task, who, [(name, [end / 1000 for end in box]) for name, box in drawn])
        for task, who, drawn in answers
    ]
    ends = RegionConsensus().fit(rows_of(small)).ends_
    np.testing.assert_allclose(ends * 1000, RegionConsensus().fit(rows_of(answers)).ends_)


def test_the_class_is_voted_by_those_who_find():
    box = [0.0, 0.0, 10.0, 10.0]
    answers = [("t", "ann", [("dog", box)]), ("t", "bob", [("dog", box)])]
    fit = RegionConsensus().fit(rows_of([*answers, ("t", "cy", [("person", box)])]))
    assert fit.labels_.tolist() == [1]
    assert fit.support_.tolist() == [3]
    assert fit.class_share_[0] == pytest.approx(2 / 3, abs=0.01)


def test_one_annotator_nobody_drew_and_spans_all_work():
    one = RegionConsensus().fit(rows_of([("t", "ann", [("dog", [0.0, 0.0, 5.0, 5.0])])]))
    assert one.ends_.tolist() == [[0, 0, 5, 5]]
    none = RegionConsensus().fit(rows_of([("t", "ann", []), ("t", "bob", [])]))
    assert len(none.task_) == 0
    spans = [("t", who, [("x", (3, 7))]) for who in "abc"] + [("t", "d", [("x", (3, 9))])]
    fit = RegionConsensus().fit(RegionRows.from_answers(spans, classes=["x"], n_axes=1))
    np.testing.assert_allclose(fit.ends_, [[3, 7]], atol=0.6)


def test_what_cannot_be_a_region_is_refused():
    with pytest.raises(ValueError, match="ends before it starts"):
        rows_of([("t", "ann", [("dog", [5.0, 0.0, 1.0, 5.0])])])
    with pytest.raises(ValueError, match="none of the classes"):
        rows_of([("t", "ann", [("cat", [0.0, 0.0, 1.0, 5.0])])])
