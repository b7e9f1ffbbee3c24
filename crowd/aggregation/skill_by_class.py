"""Shrink confusion matrices to each annotator's skill, in classes of different difficulty.

Few annotators answer enough to fill a confusion matrix. What is known from fewer answers is
how often an annotator is right at all, p, and how often everybody is right in class k, r_k.
Where r is how often everybody is right in any class, the pull is towards

    logit(diagonal_k) = logit(p) + logit(r_k) - logit(r),   the rest spread evenly off it,

which are the two effects without interaction of an item response model.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crowd.aggregation.arrays import FloatArray, shares_of
from crowd.aggregation.climbing import (
    ConfusionClimb,
    ConfusionTruth,
    Learned,
    most_probable_shares,
)
from crowd.aggregation.em_steps import EMSteps, Expected


@dataclass(kw_only=True, eq=False)
class SkillByClass(ConfusionTruth):
    """Fit confusion matrices by EM, with a prior that is estimated anew in each iteration.

    shrinkage: labels' worth of pull in every row of a confusion matrix.

    The other parameters are those of `HiddenTruth`. The prior moves, so that nothing in
    particular is maximised: `objective_path_` is empty, and the fit ends when the log
    probability of the labels stands still.

    Dawid and Skene, Applied Statistics 28(1), 1979 (the matrices); Rasch, Probabilistic Models
    for Some Intelligence and Attainment Tests, 1960 (two effects that add up in the logit);
    Efron and Morris, Stein's Estimation Rule and Its Competitors, JASA 68(341), 1973 (a prior
    that is estimated from the same data).
    """

    name: ClassVar[str] = "skill-by-class"
    version: ClassVar[str] = "1"
    has_objective: ClassVar[bool] = False

    shrinkage: float = 3.0

    def begin_at(self, steps: EMSteps) -> ConfusionClimb:
        """Return a climb that stands at the vote shares."""
        return _SkillClimb(self, steps)


class _SkillClimb(ConfusionClimb):
    def __init__(self, model: SkillByClass, steps: EMSteps) -> None:
        super().__init__(steps)
        self._model = model

    def learn(self, expected: Expected) -> Learned:
        model = self._model
        expectation = expected_confusions(expected.counts, model.prior_right, model.prior_wrong)
        confusion = shares_of(expected.counts + model.shrinkage * expectation)
        log_shares, log_prior = most_probable_shares(expected.class_tasks, model.class_tasks)
        return Learned(confusion, np.log(confusion), log_shares, log_prior)


def expected_confusions(counts: FloatArray, right: float, wrong: float) -> FloatArray:
    """Return what to expect of each annotator from skill and class alone, as counts' shape.

    right, wrong: answers imagined for every annotator, for every class and for all.
    """
    n_classes = counts.shape[2]
    if n_classes == 1:
        return np.ones_like(counts)
    hits = np.diagonal(counts, axis1=1, axis2=2)
    misses = counts.sum(axis=2) - hits
    log_odds = (
        _log_odds(hits.sum(axis=1) + right, misses.sum(axis=1) + wrong)[:, None]
        + _log_odds(hits.sum(axis=0) + right, misses.sum(axis=0) + wrong)
        - _log_odds(hits.sum() + right, misses.sum() + wrong)
    )
    diagonal = 1 / (1 + np.exp(-log_odds))
    slip = (1 - diagonal) / (n_classes - 1)
    return np.where(np.eye(n_classes, dtype=np.bool_), diagonal[:, :, None], slip[:, :, None])


def _log_odds(right: FloatArray, wrong: FloatArray) -> FloatArray:
    return np.log(right) - np.log(wrong)
