"""Merge what annotators drew: clusters by overlap, their reality, their ends, their class."""

from typing import ClassVar, NamedTuple, Self

import numpy as np

from crowd.aggregation.arrays import BoolArray, FloatArray, IndexArray, shares_of, sum_by
from crowd.aggregation.estimator import Estimator
from crowd.aggregation.overlaps import Clusters, clusters_of, drawn_table
from crowd.aggregation.parameters import require_positive
from crowd.aggregation.presence import Presence, presence_of
from crowd.aggregation.region_rows import RegionRows
from crowd.aggregation.reliability import BetaPrior

_END_ROUNDS = 20
_LEAST_VARIANCE = 1e-6


class Ends(NamedTuple):
    """Hold the ends of each cluster, and each annotator's variance of each end."""

    ends: FloatArray
    variance: FloatArray


class RegionConsensus(Estimator[RegionRows]):
    """Find what is there: one region for each thing that enough annotators drew.

    overlap: the least intersection over union at which two regions may mean the same.
    threshold: the least probability at which a cluster is an answer.
    find_right, find_wrong, invent_right, invent_wrong: imagined chances to draw what is
        real (drawn, missed) and what is not (drawn, left alone), for every annotator.
    end_answers: answers' worth of pull of each annotator's variance towards the crowd's.
    tolerance, max_iterations: stop when an iteration moves the log likelihood less than
        `tolerance` per cluster, and then in any case.

    Of the clusters, those that are probable enough, sorted by task:

    task_: of each region, (n_regions,).
    ends_: mean of its members' ends, weighted by the precision of each annotator at that
        end, (n_regions, 2 * n_axes). Errors are relative to the region's size.
    confidence_: probability that something is there, (n_regions,).
    labels_, class_share_: the class, by votes weighted by how often each annotator finds
        what is real, ties to the lower class; and its share of them, (n_regions,).
    support_: how many annotators drew it, (n_regions,).
    cluster_: the region that each row counts for, or -1, (n_rows,).

    Of each annotator, (n_annotators,): `finds_`, the chance to draw what is real (1 minus
    the rate of misses); `invents_`, the chance to draw what is not, where somebody does;
    `spread_`, the root of the variance of the ends, in sizes of the region.

    Branson, Van Horn and Perona, Lean Crowdsourcing, CVPR 2017. See presence.py.
    """

    name: ClassVar[str] = "region-consensus"
    version: ClassVar[str] = "1"

    task_: IndexArray
    ends_: FloatArray
    confidence_: FloatArray
    labels_: IndexArray
    class_share_: FloatArray
    support_: IndexArray
    cluster_: IndexArray
    finds_: FloatArray
    invents_: FloatArray
    spread_: FloatArray

    def __init__(
        self,
        *,
        overlap: float = 0.25,
        threshold: float = 0.2,
        find_right: float = 8.0,
        find_wrong: float = 2.0,
        invent_right: float = 1.0,
        invent_wrong: float = 19.0,
        end_answers: float = 5.0,
        tolerance: float = 1e-6,
        max_iterations: int = 1000,
    ) -> None:
        require_positive(
            overlap=overlap,
            find_right=find_right,
            find_wrong=find_wrong,
            invent_right=invent_right,
            invent_wrong=invent_wrong,
            end_answers=end_answers,
            max_iterations=max_iterations,
        )
        if not 0 <= threshold <= 1:
            raise ValueError("threshold must lie in 0 to 1.")
        self._given = {
            "overlap": overlap,
            "threshold": threshold,
            "find_right": find_right,
            "find_wrong": find_wrong,
            "invent_right": invent_right,
            "invent_wrong": invent_wrong,
            "end_answers": end_answers,
            "tolerance": tolerance,
            "max_iterations": max_iterations,
        }
        self.overlap = overlap
        self.threshold = threshold
        self.finding = BetaPrior(find_right, find_wrong)
        self.inventing = BetaPrior(invent_right, invent_wrong)
        self.end_answers = end_answers
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, rows: RegionRows) -> Self:
        """Cluster, judge each cluster, and average the ends and classes of the real ones."""
        clusters = clusters_of(rows, rows.ends, overlap=self.overlap)
        drawn = drawn_table(rows, clusters)
        presence = presence_of(
            drawn,
            _seen(rows)[clusters.task],
            finding=self.finding,
            inventing=self.inventing,
            tolerance=self.tolerance,
            max_iterations=self.max_iterations,
        )
        self._keep_ending(rows, presence.path, converged=presence.converged)
        self._keep_annotators(presence)
        self._keep_regions(rows, clusters, presence, drawn.sum(axis=1))
        return self

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""
        return dict(self._given)

    def _keep_annotators(self, presence: Presence) -> None:
        self.finds_, self.invents_ = presence.finds, presence.invents

    def _keep_regions(
        self, rows: RegionRows, clusters: Clusters, presence: Presence, support: IndexArray
    ) -> None:
        ends = averaged_ends(rows, clusters, presence.chance, self.end_answers)
        self.spread_ = np.sqrt(ends.variance.mean(axis=1))
        label, share = _classes(rows, clusters, presence.finds)
        real = presence.chance >= self.threshold
        self.task_, self.ends_ = clusters.task[real], ends.ends[real]
        self.confidence_, self.support_ = presence.chance[real], support[real]
        self.labels_, self.class_share_ = label[real], share[real]
        numbers = np.where(real, np.cumsum(real) - 1, -1)
        self.cluster_ = numbers[clusters.cluster]


def averaged_ends(
    rows: RegionRows, clusters: Clusters, chance: FloatArray, end_answers: float
) -> Ends:
    """Average the ends of each cluster by each annotator's precision, which it estimates.

    A cluster counts as far as it is real, and alone its region says nothing of precision.
    """
    count = np.bincount(clusters.cluster, minlength=len(clusters.task))
    weight = (chance * (count > 1))[clusters.cluster]
    ends = _weighted_ends(rows, clusters, np.ones_like(rows.ends))
    size = _sizes(ends)[clusters.cluster]
    variance = np.ones((rows.n_annotators, rows.ends.shape[1]))
    for _ in range(_END_ROUNDS):
        squares = weight[:, None] * ((rows.ends - ends[clusters.cluster]) / size) ** 2
        variance = _shrunken_variance(rows, squares, weight, end_answers)
        ends = _weighted_ends(rows, clusters, 1 / variance[rows.annotator])
    return Ends(ends, variance)


def _weighted_ends(rows: RegionRows, clusters: Clusters, precision: FloatArray) -> FloatArray:
    return np.stack(
        [
            sum_by(clusters.cluster, each * end, len(clusters.task))
            / sum_by(clusters.cluster, each, len(clusters.task))
            for each, end in zip(precision.T, rows.ends.T, strict=True)
        ],
        axis=1,
    )


def _shrunken_variance(
    rows: RegionRows, squares: FloatArray, weight: FloatArray, end_answers: float
) -> FloatArray:
    typical = squares.sum(axis=0) / max(float(weight.sum()), _LEAST_VARIANCE)
    typical = np.maximum(typical, _LEAST_VARIANCE)
    count = sum_by(rows.annotator, weight, rows.n_annotators)
    sums = np.stack([sum_by(rows.annotator, each, rows.n_annotators) for each in squares.T], axis=1)
    return np.asarray((sums + end_answers * typical) / (count + end_answers)[:, None])


def _sizes(ends: FloatArray) -> FloatArray:
    """Return the side that each end lies on; 1 where it has no length."""
    axes = ends.shape[1] // 2
    sides = ends[:, axes:] - ends[:, :axes]
    sides = np.where(sides > 0, sides, 1.0)
    return np.concatenate([sides, sides], axis=1)


def _classes(
    rows: RegionRows, clusters: Clusters, finds: FloatArray
) -> tuple[IndexArray, FloatArray]:
    n_classes, n_clusters = len(rows.class_names), len(clusters.task)
    cells = clusters.cluster * n_classes + rows.label
    votes = sum_by(cells, finds[rows.annotator], n_clusters * n_classes)
    shares = shares_of(votes.reshape(n_clusters, n_classes))
    label = shares.round(9).argmax(axis=1)
    return label, shares[np.arange(n_clusters), label]


def _seen(rows: RegionRows) -> BoolArray:
    seen = np.zeros((rows.n_tasks, rows.n_annotators), dtype=np.bool_)
    seen[rows.seen[:, 0], rows.seen[:, 1]] = True
    return seen
