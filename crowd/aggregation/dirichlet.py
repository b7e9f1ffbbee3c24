"""Learn chances as Dirichlet distributions, for the variational models."""

from typing import NamedTuple

import numpy as np

from crowd.aggregation.arrays import FloatArray


class DirichletChances(NamedTuple):
    """Hold what is believed about groups of chances that each sum to 1 over `axis`.

    log_chance: expected log of each chance, shape as given.
    divergence: Kullback-Leibler divergence from the prior, over all groups.
    """

    log_chance: FloatArray
    divergence: float


def dirichlet_chances(counts: FloatArray, prior: FloatArray, *, axis: int) -> DirichletChances:
    """Return the posterior for these counts under this prior, which must broadcast to them.

    Blei, Kucukelbir and McAuliffe, Variational Inference: A Review for Statisticians, JASA
    112(518), 2017.
    """
    from scipy.special import digamma, gammaln  # noqa: PLC0415  (slow to load)

    strength = counts + prior
    total = strength.sum(axis=axis, keepdims=True)
    log_chance = np.asarray(digamma(strength) - digamma(total))
    divergence = gammaln(total).sum() - gammaln(strength).sum()
    full_prior = np.broadcast_to(prior, counts.shape)
    divergence -= gammaln(full_prior.sum(axis=axis)).sum() - gammaln(full_prior).sum()
    divergence += (counts * log_chance).sum()
    return DirichletChances(log_chance, float(divergence))


def confusion_prior(right: float, wrong: float, n_classes: int) -> FloatArray:
    """Return imagined answers by true class and label: shape (n_classes, n_classes)."""
    return np.where(np.eye(n_classes, dtype=np.bool_), right, wrong)
