"""Fit one number per annotator: how often they answer right."""

from typing import ClassVar

import numpy as np

from crowd.aggregation.climbing import (
    ConfusionClimb,
    ConfusionTruth,
    Learned,
    most_probable_shares,
)
from crowd.aggregation.confusion import one_coin_confusions
from crowd.aggregation.em_steps import EMSteps, Expected


class OneCoin(ConfusionTruth):
    """Find the most probable skills by EM: right with the skill, else any wrong class equally.

    The parameters are those of `HiddenTruth`. `objective_path_` is the log posterior of skills
    and class shares up to a constant. It needs far fewer labels than confusion matrices do, and
    misses what they see: annotators who mix up two classes, or lean to one.

    Zhang, Chen, Zhou and Jordan, Spectral Methods Meet EM: A Provably Optimal Algorithm for
    Crowdsourcing, JMLR 17(102), 2016 (the one-coin model).
    """

    name: ClassVar[str] = "one-coin"
    version: ClassVar[str] = "1"

    def begin_at(self, steps: EMSteps) -> ConfusionClimb:
        """Return a climb that stands at the vote shares."""
        return _OneCoinClimb(self, steps)


class _OneCoinClimb(ConfusionClimb):
    def __init__(self, model: OneCoin, steps: EMSteps) -> None:
        super().__init__(steps)
        self._model = model

    def learn(self, expected: Expected) -> Learned:
        model, n_classes = self._model, expected.counts.shape[2]
        right = np.trace(expected.counts, axis1=1, axis2=2)
        wrong = expected.counts.sum(axis=(1, 2)) - right
        # One class cannot be answered wrongly, so the answers say nothing about skill.
        heeded = float(n_classes > 1)
        strength = heeded * (right + wrong) + model.prior_right + model.prior_wrong
        skill = (heeded * right + model.prior_right) / strength
        log_shares, log_prior = most_probable_shares(expected.class_tasks, model.class_tasks)
        log_prior += model.prior_right * float(np.log(skill).sum())
        log_prior += model.prior_wrong * float(np.log1p(-skill).sum())
        confusion = one_coin_confusions(skill, n_classes)
        return Learned(confusion, np.log(confusion), log_shares, log_prior)
