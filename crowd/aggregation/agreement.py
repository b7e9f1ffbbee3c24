"""Measure how far annotators agree beyond chance."""

from dataclasses import dataclass

import numpy as np

from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.label_matrix import LabelMatrix


@dataclass(frozen=True)
class Agreement:
    """Hold Krippendorff's alpha with its 95 % limits; None is what cannot be estimated."""

    alpha: float | None
    low: float | None
    high: float | None
    n_tasks: int


@dataclass(frozen=True)
class _Totals:
    """Hold what alpha is made of: label counts by class (last axis), and disagreement."""

    by_class: FloatArray
    disagreement: FloatArray


def krippendorff_alpha(matrix: LabelMatrix) -> Agreement:
    """Return alpha for nominal labels, over the tasks that have two labels or more.

    alpha = 1 - observed / expected disagreement: 1 is perfect, 0 is what chance gives. It
    cannot be estimated where nobody used a second class. The limits come from leaving out a
    task at a time (jackknife), on the scale log(1 - alpha), so that they stay below 1; they
    cannot be estimated where there was no disagreement, or where it hangs on one task.
    `n_tasks` counts the tasks used.

    Krippendorff, Computing Krippendorff's Alpha-Reliability, University of Pennsylvania, 2011.
    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 11 (jackknife).
    """
    votes = matrix.votes()
    votes = votes[votes.sum(axis=1) >= 2]
    disagreement = _disagreement_by_task(votes)
    whole = _Totals(votes.sum(axis=0), disagreement.sum())
    without_one = _Totals(whole.by_class - votes, whole.disagreement - disagreement)
    alpha = float(_alpha(whole))
    if np.isnan(alpha):
        return Agreement(None, None, None, len(votes))
    return Agreement(alpha, *_jackknife_limits(alpha, _alpha(without_one)), len(votes))


def _disagreement_by_task(votes: FloatArray) -> FloatArray:
    labels = votes.sum(axis=1)
    unlike_pairs: FloatArray = (votes * (labels[:, None] - votes)).sum(axis=1)
    unlike_pairs /= labels - 1
    return unlike_pairs


def _alpha(totals: _Totals) -> FloatArray:
    labels = totals.by_class.sum(axis=-1)
    chance_pairs = labels**2 - (totals.by_class**2).sum(axis=-1)
    # A single class leaves no chance of disagreement, and alpha undefined.
    chance_pairs = np.where(chance_pairs > 0, chance_pairs, np.nan)
    return np.asarray(1 - (labels - 1) * totals.disagreement / chance_pairs)


def _jackknife_limits(alpha: float, without_one: FloatArray) -> tuple[float | None, float | None]:
    """Return the 95 % limits, or None twice."""
    from scipy.special import stdtrit  # noqa: PLC0415 - see reliability.py

    if not (without_one < 1).all():  # Also where one is not a number.
        return None, None
    spread = np.log1p(-without_one)
    n_tasks = len(spread)
    error = np.sqrt((n_tasks - 1) * spread.var())
    reach = float(stdtrit(n_tasks - 1, 0.975) * error)
    return float(1 - (1 - alpha) * np.exp(reach)), float(1 - (1 - alpha) * np.exp(-reach))
