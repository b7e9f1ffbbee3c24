import numpy as np
import pytest

from crowd.aggregation import CrowdLab, Ensemble, Mace, MajorityVote, SkillByClass
from crowd.aggregation.planted import PlantedCrowd, one_coin_crowd


def test_it_is_the_mean_of_its_models_and_the_votes(mixed_crowd: PlantedCrowd):
    models = (SkillByClass(correlation=0.1), Mace(correlation=0.1))
    posteriors = [each.fit(mixed_crowd.matrix).posterior_ for each in models]
    votes = MajorityVote().fit(mixed_crowd.matrix).posterior_
    expected = 0.375 * posteriors[0] + 0.375 * posteriors[1] + 0.25 * votes
    np.testing.assert_allclose(Ensemble().fit(mixed_crowd.matrix).posterior_, expected)


def test_it_beats_the_majority_where_annotators_differ(mixed_crowd: PlantedCrowd):
    averaged = (Ensemble().fit_predict(mixed_crowd.matrix) == mixed_crowd.truth).mean()
    majority = (MajorityVote().fit_predict(mixed_crowd.matrix) == mixed_crowd.truth).mean()
    assert averaged > majority + 0.02


def test_a_good_classifier_helps_and_a_guessing_one_does_no_harm():
    crowd = one_coin_crowd([0.7, 0.65, 0.6, 0.7], 400, labels_per_task=3, seed=1)
    right = np.eye(2)[crowd.truth]
    generator = np.random.default_rng(0)
    noise = generator.dirichlet([1.0, 1.0], len(crowd.truth))
    accuracies = [
        (CrowdLab().fit(crowd.matrix, predictions=each).labels_ == crowd.truth).mean()
        for each in (0.05 + 0.9 * right, noise)
    ]
    plain = (CrowdLab().fit_predict(crowd.matrix) == crowd.truth).mean()
    assert accuracies[0] > plain + 0.05
    assert accuracies[1] > plain - 0.05


def test_predictions_that_are_none_are_refused(mixed_crowd: PlantedCrowd):
    with pytest.raises(ValueError, match="a row for each task"):
        CrowdLab().fit(mixed_crowd.matrix, predictions=np.ones((2, 2)))
    with pytest.raises(ValueError, match="probabilities"):
        CrowdLab().fit(mixed_crowd.matrix, predictions=-np.ones((600, 2)))
