"""Consensus for marked parts: how good an answer is whose parts are each there by chance."""

from collections.abc import Sequence

import numpy as np

from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.online import FEW_LABELS_CORRELATION


def chance_as_good(kept: Sequence[float], left_out: Sequence[float], *, least_f1: float) -> float:
    """Return the chance that an answer's F1 score is `least_f1` or more.

    kept: chance that each part of the answer is there; left_out: the same of each part that was
        thought of and not taken. All are independent of each other, so that how many are there
        is a sum of coins of several kinds, whose distribution is made coin by coin.
    """
    found, missed = _distribution(kept), _distribution(left_out)
    at_least = np.append(found[::-1].cumsum()[::-1], 0.0)
    # F1 is 2 found / (answered + found + missed), so this many must be found:
    n_missed = np.arange(len(missed))
    needed = np.ceil(least_f1 * (len(kept) + n_missed) / (2 - least_f1) - 1e-9).astype(np.int64)
    return float(missed @ at_least[np.minimum(needed, len(found))])


def tempered(chances: Sequence[float], n_labels: int) -> list[float]:
    """Return the chances that so many answers justify, whose annotators err together.

    As `crowd.aggregation.posteriors.temper` does: log odds are divided by the design effect.
    """
    power = 1 / (1 + FEW_LABELS_CORRELATION * max(n_labels - 1, 0))
    return [chance**power / (chance**power + (1 - chance) ** power) for chance in chances]


def expected_f1(drawn: Sequence[float], expected: float) -> float:
    """Return the F1 score that parts of these chances have on average, nearly.

    expected: how many parts there are, as far as all chances say.
    """
    return 2 * sum(drawn) / (len(drawn) + expected) if drawn else max(1 - expected, 0.0)


def _distribution(chances: Sequence[float]) -> FloatArray:
    counts = np.ones(1)
    for chance in chances:
        counts = np.convolve(counts, (1 - chance, chance))
    return counts
