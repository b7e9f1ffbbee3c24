"""Rates by group, as Fairlearn defines them, from count tables."""

import warnings
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from governance.fairness.counts import Integers, Partition
from governance.fairness.results import Metric

Floats: TypeAlias = NDArray[np.float64]


def group_rates(partition: Partition) -> dict[Metric, Floats]:
    """Return each metric by group, NaN where nobody was seen.

    Fairlearn weighs the at most four kinds of row in each group by how often they occur, which
    equals its figures on the rows themselves at a cost that does not grow with them. It says 0
    where a rate has no case to rest on: ask `denominators` before believing it.
    """
    group, truth, prediction = np.nonzero(partition.rows)
    rates = {metric: np.full(len(partition.groups), np.nan) for metric in Metric}
    if group.size:
        weights = partition.rows[group, truth, prediction]
        for metric, by_group in _fairlearn(group, truth, prediction, weights).items():
            rates[metric][np.unique(group)] = by_group
    return rates


def denominators(partition: Partition) -> dict[Metric, tuple[Integers, Integers]]:
    """Return, for each metric, the rows and the different people that it rests on, by group."""
    everyone = (partition.rows.sum(axis=(1, 2)), partition.people_in_group)
    by_truth = partition.rows.sum(axis=2)
    return {
        Metric.SELECTION_RATE: everyone,
        Metric.ERROR_RATE: everyone,
        Metric.FALSE_POSITIVE_RATE: (by_truth[:, 0], partition.people_by_truth[:, 0]),
        Metric.FALSE_NEGATIVE_RATE: (by_truth[:, 1], partition.people_by_truth[:, 1]),
    }


def _fairlearn(
    group: Integers, truth: Integers, prediction: Integers, weights: Integers
) -> dict[Metric, Floats]:
    # Fairlearn takes seconds to import: only a process that computes a report pays for it.
    from fairlearn import metrics  # noqa: PLC0415
    from sklearn.metrics import zero_one_loss  # noqa: PLC0415

    definitions = {
        Metric.SELECTION_RATE: metrics.selection_rate,
        Metric.ERROR_RATE: zero_one_loss,
        Metric.FALSE_POSITIVE_RATE: metrics.false_positive_rate,
        Metric.FALSE_NEGATIVE_RATE: metrics.false_negative_rate,
    }
    with warnings.catch_warnings():
        # Fairlearn 0.15 calls parts of pandas 3 that are to change; that is not our reader's news.
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        frame = metrics.MetricFrame(
            metrics=definitions,
            y_true=truth,
            y_pred=prediction,
            sensitive_features=group,
            sample_params={metric: {"sample_weight": weights} for metric in definitions},
        )
    return {metric: frame.by_group[metric].to_numpy(float) for metric in definitions}
