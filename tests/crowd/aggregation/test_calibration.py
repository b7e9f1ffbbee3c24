from typing import Never

import numpy as np
import pytest

from crowd.aggregation import DawidSkene, LabelMatrix, calibrate, heard_by
from crowd.aggregation.calibration import FEWEST_FOR_SCALING, Scaling, Steps, log_loss
from crowd.aggregation.posteriors import decide


def known(n, sharpness, seed=0, k=3):
    """Return posteriors that are `sharpness` times as sure as they should be, and the truth."""
    rng = np.random.default_rng(seed)
    honest = np.exp(rng.normal(0, 1.5, (n, k)))
    honest /= honest.sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(k, p=row) for row in honest])
    given = honest**sharpness
    given /= given.sum(axis=1, keepdims=True)
    return given, truth, decide(given)


@pytest.mark.parametrize(("sharpness", "n"), [(3.0, 400), (0.4, 400), (3.0, 60)])
def test_what_is_too_sure_or_too_doubtful_is_corrected_on_tasks_never_seen(sharpness, n):
    posterior, truth, answer = known(n, sharpness)
    found = calibrate(posterior, truth, answer)
    unseen, its_truth, its_answer = known(2000, sharpness, seed=1)
    corrected = found.transform(unseen, its_answer)

    assert log_loss(corrected, its_truth) < log_loss(unseen, its_truth) - 0.02
    assert corrected.sum(axis=1) == pytest.approx(1)
    assert (decide(corrected) == its_answer).all()
    assert found.log_loss_after < found.log_loss_before


def test_what_is_honest_already_is_hardly_touched():
    for seed in range(8):
        posterior, truth, answer = known(80, 1.0, seed)
        found = calibrate(posterior, truth, answer)
        unseen, its_truth, its_answer = known(2000, 1.0, seed + 100)

        assert found.log_loss_after <= found.log_loss_before
        cost = log_loss(found.transform(unseen, its_answer), its_truth) - log_loss(
            unseen, its_truth
        )
        assert cost < 0.02


def test_few_known_answers_correct_nothing():
    posterior, truth, answer = known(FEWEST_FOR_SCALING - 1, 4.0)
    found = calibrate(posterior, truth, answer)

    assert found.calibrator is None
    assert found.log_loss_before is None
    assert found.transform(posterior, answer) is posterior


def test_a_staircase_is_found_where_no_scale_fits():
    rng = np.random.default_rng(2)
    confidence = rng.uniform(0.34, 1, 600)
    right = rng.random(600) < np.where(confidence > 0.7, 0.9, 0.55)
    posterior = np.stack([confidence, 1 - confidence], axis=1)
    found = calibrate(
        posterior, (~right).astype(int), np.zeros(600, dtype=int), keeps_leading=False
    )

    assert isinstance(found.calibrator, Steps)
    corrected = found.transform(np.array([[0.95, 0.05], [0.4, 0.6]]), np.zeros(2, dtype=int))
    assert corrected[:, 0] == pytest.approx([0.9, 0.55], abs=0.08)


def test_the_answer_stays_the_leading_class_on_a_staircase():
    posterior, truth, answer = known(300, 5.0)
    steps = Steps.fit(posterior, truth, answer, keeps_leading=True)
    assert (decide(steps.transform(posterior, answer)) == answer).all()


def test_what_is_certain_stays_certain():
    certain, answer = np.array([[0.0, 1.0, 0.0]]), np.array([1])
    posterior, truth, leading = known(300, 3.0)
    for calibrator in (Scaling(2.0, 0.0), Steps.fit(posterior, truth, leading, keeps_leading=True)):
        assert calibrator.transform(certain, answer).tolist() == certain.tolist()


def test_the_same_known_answers_give_the_same_correction():
    first, second = (calibrate(*known(250, 2.0)) for _ in range(2))
    assert first == second


def test_a_listener_hears_every_iteration_and_can_end_a_fit():
    matrix = LabelMatrix.from_labels(
        [(f"t{task}", f"a{who}", "xy"[(task + who) % 2]) for task in range(6) for who in range(3)],
        classes=("x", "y"),
    )
    heard: list[int] = []
    with heard_by(heard.append):
        fitted = DawidSkene().fit(matrix)
    DawidSkene().fit(matrix)
    assert heard == list(range(1, fitted.n_iterations_ + 1))

    def end(iterations) -> Never:
        raise KeyboardInterrupt(iterations)

    with pytest.raises(KeyboardInterrupt), heard_by(end):
        DawidSkene().fit(matrix)


def test_posteriors_that_are_no_numbers_correct_nothing():
    posterior, truth, answer = known(60, 1.0)
    posterior[3] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        calibrate(posterior, truth, answer)
