"""Rank items from comparisons in pairs by annotators who differ in reliability."""

from typing import ClassVar, NamedTuple, Self

import numpy as np

from crowd.aggregation.answer_rows import ComparisonRows
from crowd.aggregation.arrays import FloatArray, sum_by
from crowd.aggregation.bradley_terry import (
    BradleyTerry,
    blocks_of,
    chance_of_first,
    climb,
    components_of,
    pairs_of,
)
from crowd.aggregation.estimator import is_level
from crowd.aggregation.listening import tell
from crowd.aggregation.parameters import require_positive
from crowd.aggregation.reliability import BetaPrior, beta_estimates

# Any rise will do between two looks at the annotators, and the first step is the longest.
_STEPS_AT_ONCE = 1


class _Belief(NamedTuple):
    """Hold, for each row, the chance that a vote for the first or the second was meant."""

    first: FloatArray
    second: FloatArray


class CrowdBradleyTerry(BradleyTerry):
    """Find scores of items together with each annotator's reliability, by EM.

    An annotator says which item they find better with their reliability, and else the
    opposite; which is better is drawn as Bradley and Terry have it. A tie is half a vote
    for each item.

    spread: as in `BradleyTerry`.
    prior_right, prior_wrong: votes imagined for every annotator before the first.
    tolerance, max_iterations: stop when an iteration adds less than `tolerance` per
        comparison to the objective, and then in any case.

    `objective_path_` is the log posterior of scores and reliabilities up to a constant,
    and never falls.

    reliability_, reliability_low_, reliability_high_: chance that an annotator says what
        the scores let expect, with 95 % limits, (n_annotators,).

    Chen, Bennett, Collins-Thompson and Horvitz, Pairwise Ranking Aggregation in a
    Crowdsourced Setting, WSDM 2013 (CrowdBT).
    """

    name: ClassVar[str] = "crowd-bradley-terry"
    version: ClassVar[str] = "1"

    reliability_: FloatArray
    reliability_low_: FloatArray
    reliability_high_: FloatArray

    def __init__(
        self,
        *,
        spread: float = 1.5,
        prior_right: float = 9.0,
        prior_wrong: float = 1.0,
        tolerance: float = 1e-5,
        max_iterations: int = 50,
    ) -> None:
        super().__init__(spread=spread)
        require_positive(
            prior_right=prior_right, prior_wrong=prior_wrong, max_iterations=max_iterations
        )
        self.prior_right = prior_right
        self.prior_wrong = prior_wrong
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, rows: ComparisonRows) -> Self:
        """Run EM from scores of nought, where every annotator is believed alike."""
        # Every row gives its pair some win, so that the pairs are the same at each iteration.
        blocks = blocks_of(pairs_of(rows, rows.share, 1 - rows.share), components_of(rows))
        scores = np.zeros(rows.n_items)
        prior = BetaPrior(self.prior_right, self.prior_wrong)
        skill = np.full(rows.n_annotators, prior.right / sum(prior))
        path: list[float] = []
        converged = False
        while not converged and len(path) < self.max_iterations:
            belief = _belief(rows, scores, skill)
            pairs = pairs_of(rows, *_wins(rows, belief))
            scores, _, _ = climb(pairs, scores, self.spread, blocks, most_steps=_STEPS_AT_ONCE)
            right = sum_by(rows.annotator, _meant(rows, belief), rows.n_annotators)
            votes = np.bincount(rows.annotator, minlength=rows.n_annotators)
            skill = (prior.right + right) / (sum(prior) + votes)
            path.append(_objective(rows, scores, skill, prior, self.spread))
            tell(len(path))
            converged = is_level(path, tolerance=self.tolerance, n_rows=rows.n_rows)
        self._keep_ending(rows, path, converged=converged)
        self._keep_skill(rows, scores, skill, prior)
        weight = _information(rows, scores, skill)
        whole = pairs_of(rows, weight, np.zeros(rows.n_rows))
        self._keep_scores(scores, whole.first_wins + whole.second_wins, blocks)
        return self

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""
        return super().parameters() | {
            "prior_right": self.prior_right,
            "prior_wrong": self.prior_wrong,
            "tolerance": self.tolerance,
            "max_iterations": self.max_iterations,
        }

    def _keep_skill(
        self, rows: ComparisonRows, scores: FloatArray, skill: FloatArray, prior: BetaPrior
    ) -> None:
        meant = _meant(rows, _belief(rows, scores, skill))
        right, wrong, doubt = (
            sum_by(rows.annotator, each, rows.n_annotators)
            for each in (meant, 1 - meant, meant * (1 - meant))
        )
        estimates = beta_estimates(right, wrong, doubt, prior)
        self.reliability_ = estimates.mean
        self.reliability_low_, self.reliability_high_ = estimates.low, estimates.high


def _belief(rows: ComparisonRows, scores: FloatArray, skill: FloatArray) -> _Belief:
    chance = chance_of_first(scores[rows.first] - scores[rows.second])
    trust = skill[rows.annotator]
    for_first, for_second = _chances_of_votes(chance, trust)
    return _Belief(trust * chance / for_first, trust * (1 - chance) / for_second)


def _chances_of_votes(chance: FloatArray, trust: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the chance of a vote for the first item, and for the second."""
    return trust * chance + (1 - trust) * (1 - chance), trust * (1 - chance) + (1 - trust) * chance


def _wins(rows: ComparisonRows, belief: _Belief) -> tuple[FloatArray, FloatArray]:
    first = rows.share * belief.first + (1 - rows.share) * (1 - belief.second)
    return first, 1 - first


def _meant(rows: ComparisonRows, belief: _Belief) -> FloatArray:
    return np.asarray(rows.share * belief.first + (1 - rows.share) * belief.second)


def _objective(
    rows: ComparisonRows, scores: FloatArray, skill: FloatArray, prior: BetaPrior, spread: float
) -> float:
    chance = chance_of_first(scores[rows.first] - scores[rows.second])
    for_first, for_second = _chances_of_votes(chance, skill[rows.annotator])
    fit = np.sum(rows.share * np.log(for_first) + (1 - rows.share) * np.log(for_second))
    fit += np.sum(prior.right * np.log(skill) + prior.wrong * np.log1p(-skill))
    return float(fit - 0.5 * np.sum(scores**2) / spread**2)


def _information(rows: ComparisonRows, scores: FloatArray, skill: FloatArray) -> FloatArray:
    """Return what each vote tells about a difference of scores (Fisher's information)."""
    chance = chance_of_first(scores[rows.first] - scores[rows.second])
    trust = skill[rows.annotator]
    for_first, for_second = _chances_of_votes(chance, trust)
    slope = (2 * trust - 1) * chance * (1 - chance)
    return np.asarray(slope**2 / (for_first * for_second))
