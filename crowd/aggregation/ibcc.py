"""Dawid and Skene's model with uncertain confusion matrices: independent Bayesian combination."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crowd.aggregation.arrays import shares_of
from crowd.aggregation.climbing import ConfusionClimb, ConfusionTruth, Learned
from crowd.aggregation.dirichlet import confusion_prior, dirichlet_chances
from crowd.aggregation.em_steps import EMSteps, Expected
from crowd.aggregation.reliability import BetaPrior


@dataclass(kw_only=True, eq=False)
class IndependentBayes(ConfusionTruth):
    """Approximate the posterior of truth, confusion matrices and class shares by mean fields.

    prior_right, prior_wrong: answers imagined in each row of a confusion matrix, on its
        diagonal and for each wrong class.

    The other parameters are those of `HiddenTruth`. `objective_path_` is the lower bound of the
    log evidence of the labels. This is the variational form of Dawid and Skene's model.

    Kim and Ghahramani, Bayesian Classifier Combination, AISTATS 2012; Simpson, Roberts,
    Psorakis and Smith, Dynamic Bayesian Combination of Multiple Imperfect Classifiers,
    Decision Making and Imperfection, Springer 2013 (its variational form).
    """

    name: ClassVar[str] = "ibcc"
    version: ClassVar[str] = "1"

    prior_right: float = 2.0
    prior_wrong: float = 0.5

    def begin_at(self, steps: EMSteps) -> ConfusionClimb:
        """Return a climb that stands at the vote shares."""
        return _BayesClimb(self, steps)

    def skill_prior(self, n_classes: int) -> BetaPrior:
        """Return what is believed of an annotator's reliability before any answer."""
        return BetaPrior(self.prior_right, self.prior_wrong * max(n_classes - 1, 1))


class _BayesClimb(ConfusionClimb):
    def __init__(self, model: IndependentBayes, steps: EMSteps) -> None:
        super().__init__(steps)
        self._class_tasks = np.array(model.class_tasks)
        n_classes = self._expected.counts.shape[2]
        self._prior = confusion_prior(model.prior_right, model.prior_wrong, n_classes)

    def learn(self, expected: Expected) -> Learned:
        annotators = dirichlet_chances(expected.counts, self._prior, axis=2)
        classes = dirichlet_chances(expected.class_tasks, self._class_tasks, axis=0)
        return Learned(
            shares_of(expected.counts + self._prior),
            annotators.log_chance,
            classes.log_chance,
            -annotators.divergence - classes.divergence,
        )
