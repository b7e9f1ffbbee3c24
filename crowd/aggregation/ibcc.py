"""Dawid and Skene's model with uncertain confusion matrices: independent Bayesian combination."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from crowd.aggregation.arrays import shares_of
from crowd.aggregation.climbing import Climb, ConfusionClimb, HiddenTruth, Learned
from crowd.aggregation.dirichlet import confusion_prior, dirichlet_chances
from crowd.aggregation.em_steps import Expected
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.reliability import BetaPrior


class IndependentBayes(HiddenTruth):
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

    def __init__(
        self,
        *,
        tolerance: float = 1e-6,
        max_iterations: int = 200,
        prior_right: float = 2.0,
        prior_wrong: float = 0.5,
        class_tasks: float = 1.0,
        correlation: float = 0.5,
    ) -> None:
        super().__init__(
            tolerance=tolerance,
            max_iterations=max_iterations,
            prior_right=prior_right,
            prior_wrong=prior_wrong,
            class_tasks=class_tasks,
            correlation=correlation,
        )

    def _begin(self, matrix: LabelMatrix, known: Mapping[int, int] | None) -> Climb:
        return _BayesClimb(self, matrix, known)

    def _skill_prior(self, n_classes: int) -> BetaPrior:
        return BetaPrior(self.prior_right, self.prior_wrong * max(n_classes - 1, 1))


class _BayesClimb(ConfusionClimb):
    def __init__(
        self, model: IndependentBayes, matrix: LabelMatrix, known: Mapping[int, int] | None
    ) -> None:
        super().__init__(matrix, known)
        self._class_tasks = np.array(model.class_tasks)
        self._prior = confusion_prior(model.prior_right, model.prior_wrong, matrix.n_classes)

    def learn(self, expected: Expected) -> Learned:
        annotators = dirichlet_chances(expected.counts, self._prior, axis=2)
        classes = dirichlet_chances(expected.class_tasks, self._class_tasks, axis=0)
        return Learned(
            shares_of(expected.counts + self._prior),
            annotators.log_chance,
            classes.log_chance,
            -annotators.divergence - classes.divergence,
        )
