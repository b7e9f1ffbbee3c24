"""Share a small crowd with known truth among the tests of the consensus core."""

import numpy as np
import pytest

from crowd.aggregation.confusion import one_coin_confusions
from crowd.aggregation.planted import PlantedCrowd, planted_crowd


@pytest.fixture(scope="session")
def mixed_crowd() -> PlantedCrowd:
    """Ten annotators: careful ones, average ones, a guesser and one who always says class 0."""
    skills = np.array([0.95, 0.95, 0.9, 0.85, 0.85, 0.8, 0.75, 0.7, 0.5])
    constant = np.array([[[1.0, 0.0], [1.0, 0.0]]])
    return planted_crowd(np.concatenate([one_coin_confusions(skills, 2), constant]), n_tasks=600)
