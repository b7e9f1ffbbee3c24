"""What is believed of an annotator, from three sources and updated with every answer.

Gold says for certain whether an answer was right, so it counts in full. The others' agreement
counts by half and never more than a few checked answers: others can be wrong together, and an
answer that few share may be the right one. The latest consensus run, which has seen all answers at
once, counts by half too, up to a few dozen.

The weights are those under which thirteen public crowds, replayed label by label with a tenth of
the tasks as gold, were foretold best: docs/decisions/0016 has the figures.
"""

from typing import NamedTuple

import numpy as np

from crowd.aggregation import NEWCOMER, Reliability
from crowd.aggregation.reliability import BetaPrior, beta_estimates
from crowd.tallies import Tally

# What an answer that was only compared with the others' counts, in checked answers.
UNCHECKED_WEIGHT = 0.5
# What the others' agreement, and a run, are worth at most, in checked answers.
MOST_AGREEMENT = 10.0
MOST_RUN = 30.0


class _Evidence(NamedTuple):
    """Right and other answers, in checked answers; what was believed before is among them."""

    right: float
    wrong: float


_NEWCOMER = _Evidence(NEWCOMER.right, NEWCOMER.wrong)
_NEWCOMER_WEIGHT = sum(NEWCOMER)


def expected_reliability(
    tally: Tally, run_reliability: float | None = None, run_labels: int = 0
) -> float:
    """Return the chance that an annotator's next answer is right: the mean of `skill_of`."""
    evidence = _evidence(tally, run_reliability, run_labels)
    return evidence.right / (evidence.right + evidence.wrong)


def skill_of(
    tally: Tally, run_reliability: float | None = None, run_labels: int = 0
) -> Reliability:
    """Return how often an annotator answers right, with the limits of the Beta's middle 95 %."""
    evidence = _evidence(tally, run_reliability, run_labels)
    # All that is known is written as the prior, so that the limits are made in one place.
    limits = beta_estimates(
        right=np.zeros(1),
        wrong=np.zeros(1),
        doubt=np.zeros(1),
        prior=BetaPrior(evidence.right, evidence.wrong),
    )
    return Reliability(float(limits.mean[0]), float(limits.low[0]), float(limits.high[0]))


def _evidence(tally: Tally, run_reliability: float | None, run_labels: int) -> _Evidence:
    before = _before(run_reliability, run_labels)
    agreement = min(UNCHECKED_WEIGHT * tally.compared, MOST_AGREEMENT)
    # A sum of floating numbers may pass another one by a hair.
    share = min(tally.agreed / tally.compared, 1.0) if tally.compared > 0 else 0.0
    return _Evidence(
        right=before.right + tally.gold_right + agreement * share,
        wrong=before.wrong + (tally.gold_seen - tally.gold_right) + agreement * (1 - share),
    )


def _before(run_reliability: float | None, run_labels: int) -> _Evidence:
    if run_reliability is None:
        return _NEWCOMER
    # A run began with the newcomer's six imagined answers too, so they are part of its mean.
    weight = _NEWCOMER_WEIGHT + min(UNCHECKED_WEIGHT * run_labels, MOST_RUN)
    # Nobody is believed to be always right or always wrong, whatever a run says.
    mean = min(max(run_reliability, 0.01), 0.99)
    return _Evidence(mean * weight, (1 - mean) * weight)
