"""The default: average what different models make of the labels."""

import inspect
from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.em_steps import em_steps
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.mace import Mace
from crowd.aggregation.majority import vote_shares
from crowd.aggregation.parameters import require_positive
from crowd.aggregation.posteriors import allowed_classes, clamp
from crowd.aggregation.reliability import NEWCOMER, BetaPrior
from crowd.aggregation.skill_by_class import SkillByClass


class Ensemble(Aggregator):
    """Average the posteriors of confusion matrices, of knowing or guessing, and of the votes.

    Which model is best differs from crowd to crowd, by up to 18 points. The mean of models that
    err differently is close to the best of them everywhere, and their disagreement shows in its
    confidence. In a crowd too small for a model, its priors make it follow the votes.

    tolerance, max_iterations: when each of the two models stops (see `HiddenTruth`).
    shrinkage: of `SkillByClass`.
    vote_share: weight of the votes; the two models share the rest evenly.
    spread_votes: imagined votes per task, spread evenly over the classes.
    correlation: how far each model is tempered before it is averaged (see posteriors.py). It
        is less than for one model, because the votes temper already.
    prior_right, prior_wrong: answers imagined for every annotator, in `SkillByClass` and in
        `reliability_`.
    class_tasks: tasks imagined for every class.

    `confusion_` is that of `SkillByClass`; `n_iterations_` is that of the slower model.

    Hoeting, Madigan, Raftery and Volinsky, Bayesian Model Averaging: A Tutorial, Statistical
    Science 14(4), 1999; Clemen, Combining Forecasts: A Review and Annotated Bibliography,
    International Journal of Forecasting 5(4), 1989 (why even weights are hard to beat).
    """

    name: ClassVar[str] = "ensemble"
    version: ClassVar[str] = "1"

    def __init__(
        self,
        *,
        tolerance: float = 1e-6,
        max_iterations: int = 200,
        shrinkage: float = 3.0,
        vote_share: float = 0.25,
        spread_votes: float = 0.5,
        correlation: float = 0.1,
        prior_right: float = NEWCOMER.right,
        prior_wrong: float = NEWCOMER.wrong,
        class_tasks: float = 1.0,
    ) -> None:
        require_positive(spread_votes=spread_votes)
        if not 0 < vote_share <= 1:
            raise ValueError("The votes need a share in 0 to 1.")
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.shrinkage = shrinkage
        self.vote_share = vote_share
        self.spread_votes = spread_votes
        self.correlation = correlation
        self.prior_right = prior_right
        self.prior_wrong = prior_wrong
        self.class_tasks = class_tasks
        self.models()  # They check the parameters that are theirs.

    def fit(self, matrix: LabelMatrix, known: Mapping[int, int] | None = None) -> Self:
        """Fit each model, holding `known` (task index: class index) fixed, and average them."""
        models = self.models()
        mean = self.vote_share * vote_shares(matrix.votes(), self.spread_votes)
        steps = em_steps(matrix, known)
        for model in models:
            climb = model.begin_at(steps)
            model.ascend(climb, matrix.n_labels)
            mean += (1 - self.vote_share) / len(models) * climb.posterior(model.correlation)
        del steps, climb  # Their tables, before more memory is taken.
        if known:
            mean = clamp(mean, allowed_classes(known, matrix.n_tasks, matrix.n_classes))
        self._keep_posterior(mean)
        prior = BetaPrior(self.prior_right, self.prior_wrong)
        self._keep_reliability(matrix, self.posterior_, prior)
        self.confusion_ = models[0].confusion_
        self.n_iterations_ = max(model.n_iterations_ for model in models)
        self.converged_ = all(model.converged_ for model in models)
        self.objective_path_ = np.empty(0)
        return self

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def models(self) -> tuple[SkillByClass, Mace]:
        """Return the models that are averaged, not fitted yet."""
        skill_by_class = SkillByClass(
            tolerance=self.tolerance,
            max_iterations=self.max_iterations,
            shrinkage=self.shrinkage,
            prior_right=self.prior_right,
            prior_wrong=self.prior_wrong,
            class_tasks=self.class_tasks,
            correlation=self.correlation,
        )
        # Its own prior: two imagined labels. That of a newcomer lost accuracy on 14 crowds.
        mace = Mace(
            tolerance=self.tolerance,
            max_iterations=self.max_iterations,
            class_tasks=self.class_tasks,
            correlation=self.correlation,
        )
        return skill_by_class, mace
