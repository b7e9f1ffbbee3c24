"""Fit a method to the partitions of a crowd, and leave each posterior where its labels are.

A method fits here if all that it learns are confusion matrices and class shares: with those, any
partition makes the posterior of its own tasks. That holds for the majority, for every
`ConfusionTruth`, and for the `Ensemble` of such; not for models with a number per task.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias, cast

import numpy as np

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.arrays import FloatArray, IndexArray
from crowd.aggregation.climbing import ConfusionTruth
from crowd.aggregation.ensemble import Ensemble
from crowd.aggregation.majority import MajorityVote, shares_of_the_win, vote_shares
from crowd.aggregation.partitioned import Partition, PartitionedSteps, Partitions, posterior_of
from crowd.aggregation.posteriors import allowed_classes, clamp
from crowd.aggregation.reliability import BetaPrior, Reliabilities, beta_estimates, right_labels

# What becomes of the posterior of a partition, shape (n_tasks, n_classes). It may be called again
# for the same partition, and must then leave the same behind.
Keep: TypeAlias = Callable[[Partition, FloatArray], None]


class Term(NamedTuple):
    """Hold one fitted model, and its share in the posterior."""

    share: float
    log_confusion: FloatArray
    log_class_shares: FloatArray
    correlation: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """Hold all that a partition needs to make its posterior.

    vote_share: weight of the vote shares; with 1 there are no terms, and the winner of the votes
        judges the annotators.
    prior: what is believed of an annotator beforehand.
    """

    terms: tuple[Term, ...]
    vote_share: float
    spread_votes: float
    prior: BetaPrior
    n_iterations: int
    converged: bool

    def posterior(self, partition: Partition) -> FloatArray:
        """Return the posterior of a partition's tasks: shape (n_tasks, n_classes)."""
        matrix = partition.matrix
        mean = np.zeros((matrix.n_tasks, matrix.n_classes))
        if self.vote_share:
            mean += self.vote_share * vote_shares(matrix.votes(), self.spread_votes)
        for share, log_confusion, log_class_shares, correlation in self.terms:
            mean += share * posterior_of(
                partition,
                log_confusion=log_confusion,
                log_class_shares=log_class_shares,
                correlation=correlation,
            )
        return _held_to_known(partition, mean)


@dataclass(frozen=True, eq=False)
class PartitionedFit:
    """Hold what a fit leaves in one place.

    labels_per_annotator: shape (n_annotators,); the reliabilities belong to the same annotators.
    """

    reliabilities: Reliabilities
    labels_per_annotator: IndexArray
    n_iterations: int
    converged: bool


def fit_partitions(method: Aggregator, partitions: Partitions, keep: Keep) -> PartitionedFit:
    """Fit the method, hand each partition's posterior to `keep` where it lies, judge annotators.

    Raise ValueError for a method that cannot be fitted in partitions.
    """
    explanation = explain(method, partitions)
    judged = partitions.total(partial(_judge, explanation=explanation, keep=keep), _add)
    wrong = judged.labels - judged.right
    return PartitionedFit(
        beta_estimates(judged.right, wrong, judged.doubt, explanation.prior),
        judged.labels,
        explanation.n_iterations,
        explanation.converged,
    )


def check_fits_partitions(method: Aggregator) -> None:
    """Raise ValueError for a method that cannot be fitted in partitions."""
    # A weighted majority goes through the labels twice.
    is_plain_majority = type(method) is MajorityVote
    if not (is_plain_majority or isinstance(method, ConfusionTruth | Ensemble)):
        raise ValueError(
            f"The method {method.name} cannot be fitted in partitions; it needs all labels in one "
            "place. The ensemble, the majority and models of confusion matrices can."
        )


def explain(method: Aggregator, partitions: Partitions) -> Explanation:
    """Learn the annotators and classes. Raise ValueError for a method that needs more."""
    check_fits_partitions(method)
    if isinstance(method, MajorityVote):
        prior = BetaPrior(method.prior_right, method.prior_wrong)
        return Explanation((), 1.0, method.spread_votes, prior, n_iterations=1, converged=True)
    if isinstance(method, Ensemble):
        return _explain_by_several(method, partitions)
    return _explain_by_one(cast("ConfusionTruth", method), partitions)


def _explain_by_one(model: ConfusionTruth, partitions: Partitions) -> Explanation:
    term = _fitted(model, 1.0, partitions)
    prior = model.skill_prior(len(term.log_class_shares))
    return Explanation((term,), 0.0, 1.0, prior, model.n_iterations_, model.converged_)


def _explain_by_several(method: Ensemble, partitions: Partitions) -> Explanation:
    models = method.models()
    share = (1 - method.vote_share) / len(models)
    return Explanation(
        tuple(_fitted(model, share, partitions) for model in models),
        method.vote_share,
        method.spread_votes,
        BetaPrior(method.prior_right, method.prior_wrong),
        max(model.n_iterations_ for model in models),
        all(model.converged_ for model in models),
    )


def _fitted(model: ConfusionTruth, share: float, partitions: Partitions) -> Term:
    climb = model.begin_at(PartitionedSteps(partitions))
    model.ascend(climb, partitions.size().n_labels)
    learned = climb.learned
    return Term(share, learned.log_confusion, learned.log_shares, model.correlation)


class _Judged(NamedTuple):
    """Count labels and right labels of every annotator: three of shape (n_annotators,)."""

    right: FloatArray
    doubt: FloatArray
    labels: IndexArray


def _judge(partition: Partition, *, explanation: Explanation, keep: Keep) -> _Judged:
    posterior = explanation.posterior(partition)
    keep(partition, posterior)
    matrix = partition.matrix
    if not explanation.terms:
        posterior = _held_to_known(partition, shares_of_the_win(matrix.votes()))
    return _Judged(*right_labels(matrix, posterior), matrix.labels_per_annotator)


def _add(first: _Judged, second: _Judged) -> _Judged:
    return _Judged(
        first.right + second.right, first.doubt + second.doubt, first.labels + second.labels
    )


def _held_to_known(partition: Partition, posterior: FloatArray) -> FloatArray:
    if not partition.known:
        return posterior
    return clamp(posterior, allowed_classes(partition.known, *posterior.shape))
