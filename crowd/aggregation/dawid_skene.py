"""Fit each annotator's confusion matrix together with the true classes."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crowd.aggregation.climbing import (
    ConfusionClimb,
    ConfusionTruth,
    Learned,
    most_probable_shares,
)
from crowd.aggregation.confusion import shrunken_confusions
from crowd.aggregation.em_steps import EMSteps, Expected


@dataclass(kw_only=True, eq=False)
class DawidSkene(ConfusionTruth):
    """Find the most probable class shares and confusion matrices by EM.

    tolerance: stop when an iteration adds less than this to the objective, per label.
    max_iterations: stop then in any case; `converged_` says which it was.
    shrinkage: labels' worth of pull, in every row, of an annotator's confusion matrix towards
        that annotator's own one-coin matrix (see confusion.py).
    prior_right, prior_wrong: answers imagined for every annotator before the first.
    class_tasks: tasks imagined for every class.
    correlation: how much the annotators of one task err together, between 0 and 1; used
        once, after EM, to temper `posterior_` (see posteriors.py).

    `objective_path_` is the log posterior of the parameters up to a constant, and never falls.
    Known tasks count in full for confusion matrices and class shares. `reliability_` comes from
    the tempered posterior; its interval treats tasks as independent.

    Dawid and Skene, Maximum Likelihood Estimation of Observer Error-Rates Using the EM
    Algorithm, Applied Statistics 28(1), 1979; Dempster, Laird and Rubin, Maximum Likelihood
    from Incomplete Data via the EM Algorithm, JRSS B 39(1), 1977, for EM under a prior.
    """

    name: ClassVar[str] = "dawid-skene"
    version: ClassVar[str] = "2"

    shrinkage: float = 3.0

    def begin_at(self, steps: EMSteps) -> ConfusionClimb:
        """Return a climb that stands at the vote shares."""
        return _DawidSkeneClimb(self, steps)


class _DawidSkeneClimb(ConfusionClimb):
    def __init__(self, model: DawidSkene, steps: EMSteps) -> None:
        super().__init__(steps)
        self._model = model

    def learn(self, expected: Expected) -> Learned:
        model = self._model
        confusion, log_prior = shrunken_confusions(
            expected.counts,
            weight=model.shrinkage,
            prior=model.skill_prior(expected.counts.shape[2]),
        )
        log_shares, log_share_prior = most_probable_shares(expected.class_tasks, model.class_tasks)
        return Learned(confusion, np.log(confusion), log_shares, log_prior + log_share_prior)
