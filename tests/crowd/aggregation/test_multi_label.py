import numpy as np
import pytest
from numpy.typing import NDArray

from crowd.aggregation.answer_rows import ClassSetRows
from crowd.aggregation.multi_label import MultiLabelCrowd

CLASSES = ["cat", "dog", "fish", "rare"]
SHARES = np.array([0.5, 0.4, 0.3, 0.05])
HITS = [0.95, 0.9, 0.8, 0.5, 0.3]
SLIPS = [0.02, 0.05, 0.1, 0.4, 0.02]

Answer = tuple[str, str, list[str]]


def planted(seed: int = 0, n_tasks: int = 300) -> tuple[list[Answer], NDArray[np.bool_]]:
    generator = np.random.default_rng(seed)
    truth = generator.random((n_tasks, len(CLASSES))) < SHARES
    answers = []
    for task in range(n_tasks):
        for who, (hit, slip) in enumerate(zip(HITS, SLIPS, strict=True)):
            chosen = generator.random(len(CLASSES)) < np.where(truth[task], hit, slip)
            names = [name for name, is_chosen in zip(CLASSES, chosen, strict=True) if is_chosen]
            answers.append((f"t{task:03}", f"a{who}", names))
    return answers, truth


def rows_of(answers: list[Answer]) -> ClassSetRows:
    return ClassSetRows.from_answers(answers, classes=CLASSES)


def test_planted_rates_are_found_and_the_majority_is_beaten():
    answers, truth = planted()
    rows = rows_of(answers)
    fit = MultiLabelCrowd().fit(rows)
    assert fit.converged_
    np.testing.assert_allclose(fit.hit_, HITS, atol=0.08)
    np.testing.assert_allclose(fit.slip_, SLIPS, atol=0.05)
    votes = np.stack([np.bincount(rows.task, each) for each in rows.chosen.T], axis=1)
    assert (fit.chosen_ == truth).mean() > ((votes > 2.5) == truth).mean() + 0.02


def test_a_rare_class_borrows_from_the_others():
    errors = {10.0: 0.0, 0.1: 0.0}
    for seed in range(4):
        answers, truth = planted(seed, n_tasks=60)
        for shrinkage in errors:
            fit = MultiLabelCrowd(shrinkage=shrinkage).fit(rows_of(answers))
            errors[shrinkage] += float((fit.chosen_[:, 3] != truth[:, 3]).sum())
    assert errors[10.0] <= errors[0.1]


def test_the_order_of_answers_and_classes_changes_nothing_else():
    answers, _ = planted(n_tasks=30)
    fit, again = (
        MultiLabelCrowd().fit(rows_of(answers)),
        MultiLabelCrowd().fit(rows_of(answers[::-1])),
    )
    assert again.posterior_.tobytes() == fit.posterior_.tobytes()
    turned = ClassSetRows.from_answers(answers, classes=CLASSES[::-1])
    other = MultiLabelCrowd().fit(turned)
    np.testing.assert_allclose(other.posterior_[:, ::-1], fit.posterior_, atol=1e-9)
    renamed = [(task, f"z{9 - int(who[1:])}", names) for task, who, names in answers]
    np.testing.assert_allclose(
        MultiLabelCrowd().fit(rows_of(renamed)).posterior_, fit.posterior_, atol=1e-9
    )


def test_one_annotator_and_an_empty_set_work():
    fit = MultiLabelCrowd().fit(rows_of([("t", "ann", ["cat"]), ("u", "ann", [])]))
    assert fit.chosen_.tolist() == [[True, False, False, False], [False] * 4]
    with pytest.raises(ValueError, match="none of the classes"):
        rows_of([("t", "ann", ["cow"])])
    with pytest.raises(ValueError, match="correlation"):
        MultiLabelCrowd(correlation=2)
