import numpy as np
import pytest
from scipy.stats import beta

from crowd.aggregation import BetaPrior, LabelMatrix
from crowd.aggregation.reliability import beta_estimates, reliabilities_of


def test_certain_tasks_give_the_beta_posterior_of_right_and_wrong_counts():
    rows = [(f"t{task}", "ann", "x" if task < 7 else "y") for task in range(10)]
    matrix = LabelMatrix.from_labels(rows, classes=["x", "y"])
    estimate = reliabilities_of(matrix, np.tile([1.0, 0.0], (10, 1)), BetaPrior(1, 1))
    assert estimate.mean[0] == pytest.approx(8 / 12)
    assert estimate.low[0] == pytest.approx(beta(8, 4).ppf(0.025))
    assert estimate.high[0] == pytest.approx(beta(8, 4).ppf(0.975))


def test_doubtful_tasks_widen_the_interval_as_simulation_says():
    chances = np.array([0.9, 0.6, 0.55, 0.8, 0.95, 0.7, 0.5, 0.85])
    generator = np.random.default_rng(3)
    right = (generator.random((40_000, 8)) < chances).sum(axis=1)
    drawn = generator.beta(2 + right, 1 + 8 - right)
    total, doubt = chances.sum(), (chances * (1 - chances)).sum()
    estimate = beta_estimates(
        np.array([total]), np.array([8 - total]), np.array([doubt]), BetaPrior(2, 1)
    )
    assert estimate.mean[0] == pytest.approx(drawn.mean(), abs=0.003)
    assert estimate.low[0] == pytest.approx(np.quantile(drawn, 0.025), abs=0.012)
    assert estimate.high[0] == pytest.approx(np.quantile(drawn, 0.975), abs=0.012)
