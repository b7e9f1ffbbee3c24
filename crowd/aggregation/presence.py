"""Judge which clusters of regions are real, by who drew them and who did not."""

from typing import NamedTuple

import numpy as np

from crowd.aggregation.arrays import BoolArray, FloatArray
from crowd.aggregation.listening import tell
from crowd.aggregation.reliability import BetaPrior

_LEAST, _MOST = 1e-9, 1 - 1e-9
_START_LEAST, _START_MOST = 0.05, 0.95


class Presence(NamedTuple):
    """Hold how the fit ended.

    chance: probability that a cluster is real, (n_clusters,).
    finds: chance that an annotator draws what is real; invents: that an annotator draws
        in one more place where somebody sees what is not there, both (n_annotators,).
    """

    chance: FloatArray
    finds: FloatArray
    invents: FloatArray
    path: list[float]
    converged: bool


def presence_of(
    drawn: BoolArray,
    seen: BoolArray,
    *,
    finding: BetaPrior,
    inventing: BetaPrior,
    tolerance: float,
    max_iterations: int,
) -> Presence:
    """Find by EM which clusters are real: each annotator finds and invents at own rates.

    drawn, seen: who has a region in a cluster, and who answered its task, both of shape
        (n_clusters, n_annotators). The priors count imagined chances to find or invent.

    A cluster exists only because somebody drew it, so every likelihood is that of the
    pattern given that it is not empty. Without that, annotators seem to invent most of
    what anybody invents, and real things that few saw are lost. For each cluster, the E
    step adds those like it that nobody drew (a geometric number).

    Branson, Van Horn and Perona, Lean Crowdsourcing: Combining Humans and Machines in an
    Online System, CVPR 2017 (rates of misses and false positives). Dempster, Laird and
    Rubin, Maximum Likelihood from Incomplete Data, JRSS B 39(1), 1977, section 4.2
    (truncated samples).
    """
    shares = drawn.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    chance = np.clip(shares, _START_LEAST, _START_MOST)
    finds = np.full(drawn.shape[1], finding.right / sum(finding))
    invents = np.full(drawn.shape[1], inventing.right / sum(inventing))
    path: list[float] = []
    converged = False
    while not converged and len(path) < max_iterations:
        finds = _rate(chance, drawn, seen, finds, finding)
        invents = _rate(1 - chance, drawn, seen, invents, inventing)
        prior = (chance.sum() + 1) / (len(chance) + 2)
        real = np.log(prior) + _log_pattern(drawn, seen, finds)
        false = np.log1p(-prior) + _log_pattern(drawn, seen, invents)
        chance = np.exp(real - np.logaddexp(real, false))
        path.append(float(np.logaddexp(real, false).sum()))
        tell(len(path))
        converged = len(path) > 1 and abs(path[-1] - path[-2]) <= tolerance * max(len(chance), 1)
    return Presence(chance, finds, invents, path, converged)


def _rate(
    chance: FloatArray, drawn: BoolArray, seen: BoolArray, last: FloatArray, prior: BetaPrior
) -> FloatArray:
    empty = np.exp(_log_empty(seen, last))
    unseen = chance * empty / np.maximum(1 - empty, _LEAST)
    rate = (chance @ drawn + prior.right) / ((chance + unseen) @ seen + sum(prior))
    return np.asarray(np.clip(rate, _LEAST, _MOST))


def _log_empty(seen: BoolArray, rate: FloatArray) -> FloatArray:
    return np.asarray(seen @ np.log1p(-rate))


def _log_pattern(drawn: BoolArray, seen: BoolArray, rate: FloatArray) -> FloatArray:
    """Return the log chance of who drew and who did not, given that somebody did."""
    pattern = drawn @ np.log(rate) + (seen & ~drawn) @ np.log1p(-rate)
    empty = np.minimum(_log_empty(seen, rate), np.log(_MOST))
    return np.asarray(pattern - np.log(-np.expm1(empty)))
