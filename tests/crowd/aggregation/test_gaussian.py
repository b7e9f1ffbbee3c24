import numpy as np
import pytest
from numpy.typing import NDArray

from crowd.aggregation.answer_rows import NumberRows
from crowd.aggregation.gaussian import GaussianCrowd

WIDTHS = [1.0, 2.0, 2.0, 4.0, 8.0]
BIASES = [0.0, 3.0, -3.0, 1.0, -1.0]


def planted(seed: int = 0, n_tasks: int = 300) -> tuple[NumberRows, NDArray[np.float64]]:
    generator = np.random.default_rng(seed)
    truth = generator.normal(50, 20, n_tasks)
    answers = [
        (f"t{task:03}", f"a{who}", truth[task] + bias + width * generator.normal())
        for task in range(n_tasks)
        for who, (bias, width) in enumerate(zip(BIASES, WIDTHS, strict=True))
    ]
    return NumberRows.from_answers(answers), truth


def test_planted_biases_and_variances_are_found():
    rows, _ = planted()
    fit = GaussianCrowd(variance_answers=0.5, bias_answers=1).fit(rows)
    assert fit.converged_
    np.testing.assert_allclose(fit.bias_, BIASES, atol=1.0)
    np.testing.assert_allclose(np.sqrt(fit.variance_), WIDTHS, rtol=0.35)


def test_it_beats_the_mean_where_annotators_differ():
    rows, truth = planted()
    mean = np.bincount(rows.task, rows.value) / np.bincount(rows.task)
    ours = GaussianCrowd().fit(rows).values_
    assert np.abs(ours - truth).mean() < 0.8 * np.abs(mean - truth).mean()


def test_independent_annotators_have_their_truth_in_the_limits():
    covered = []
    for seed in range(5):
        rows, truth = planted(seed)
        fit = GaussianCrowd(correlation=0, variance_answers=5, bias_answers=1).fit(rows)
        covered.append((fit.low_ <= truth) & (truth <= fit.high_))
    assert 0.9 < np.mean(covered) < 0.99


def test_gold_sets_the_width_where_annotators_err_together():
    rows, truth = planted()
    shared = np.random.default_rng(1).normal(0, 6, len(truth))
    moved = truth + shared  # What everybody gets wrong alike, no answer can show.
    blind = GaussianCrowd().fit(rows)
    taught = GaussianCrowd().fit(rows, {task: moved[task] for task in range(150)})
    unseen = slice(150, None)
    assert ((blind.low_ <= moved) & (moved <= blind.high_))[unseen].mean() < 0.8
    assert ((taught.low_ <= moved) & (moved <= taught.high_))[unseen].mean() > 0.9
    np.testing.assert_array_equal(blind.values_, taught.values_)


def test_the_order_of_answers_and_the_names_change_nothing():
    rows, _ = planted(n_tasks=40)
    order = np.random.default_rng(3).permutation(rows.n_rows)
    answers = [
        (
            rows.task_names[rows.task[row]],
            rows.annotator_names[rows.annotator[row]],
            rows.value[row],
        )
        for row in order.tolist()
    ]
    again = NumberRows.from_answers(answers)
    assert again.digest() == rows.digest()
    assert (
        GaussianCrowd().fit(again).values_.tobytes() == GaussianCrowd().fit(rows).values_.tobytes()
    )
    renamed = [(task[::-1], f"z{9 - int(who[1:])}", value) for task, who, value in answers]
    other = GaussianCrowd().fit(NumberRows.from_answers(renamed))
    np.testing.assert_allclose(
        np.sort(other.values_), np.sort(GaussianCrowd().fit(rows).values_), rtol=1e-6
    )


def test_one_annotator_and_one_task_are_enough():
    fit = GaussianCrowd().fit(NumberRows.from_answers([("t", "ann", 7.0)]))
    assert fit.values_.tolist() == [7.0]
    assert fit.converged_
    one = GaussianCrowd().fit(NumberRows.from_answers([("s", "ann", 1.0), ("t", "ann", 7.0)]))
    np.testing.assert_allclose(one.values_, [1.0, 7.0])


def test_a_second_answer_and_what_is_no_number_are_refused():
    with pytest.raises(ValueError, match="'ann' answered task 't' more than once"):
        NumberRows.from_answers([("t", "ann", 7.0), ("t", "ann", 8.0)])
    with pytest.raises(ValueError, match="finite"):
        NumberRows.from_answers([("t", "ann", float("nan"))])
    with pytest.raises(ValueError, match="variance_answers must be above zero"):
        GaussianCrowd(variance_answers=0)


@pytest.mark.parametrize("answer", [float("nan"), float("inf")])
def test_a_known_answer_that_is_no_number_is_refused(answer: float) -> None:
    rows = NumberRows.from_answers([("t", "a", 1.0), ("t", "b", 2.0)])
    with pytest.raises(ValueError, match="not a finite number"):
        GaussianCrowd().fit(rows, {0: answer})
