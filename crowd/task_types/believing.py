"""How sure several voices make us of an answer: pure, and the same in any order of voices."""

from collections.abc import Sequence
from math import exp, fsum, log
from typing import NamedTuple, Self

from crowd.aggregation.online import FEW_LABELS_CORRELATION

# Nobody is believed without limit, and nobody is believed to be always wrong.
_LEAST, _MOST = 0.001, 0.999


class Support(NamedTuple):
    """How far others support an answer, and how sure they are themselves, each 0 to 1."""

    share: float
    certainty: float

    @classmethod
    def of(cls, share: float, leading: float, *, n_classes: int) -> Self:
        """Return support whose certainty is 0 where the leading answer is no better than chance."""
        chance = 1 / n_classes
        return cls(share, max(0.0, (leading - chance) / (1 - chance)))


def belief(likenesses: Sequence[float], reliabilities: Sequence[float]) -> float:
    """Return the chance that an answer is right, by how alike each voice's answer is to it.

    A likeness of 1 is a vote for the answer and 0 a vote against it, each weighing the log-odds of
    its voice's reliability; between them the vote shrinks to nothing at one half. So one voice
    alone is believed as far as it is reliable, and for votes of 0 and 1 it is the one-coin
    posterior of two classes, tempered as `crowd.aggregation.posterior_of` does.
    """
    votes = (
        (2 * likeness - 1) * log_odds(reliability)
        for likeness, reliability in zip(likenesses, reliabilities, strict=True)
    )
    design_effect = 1 + FEW_LABELS_CORRELATION * max(len(likenesses) - 1, 0)
    return 1 / (1 + exp(-fsum(votes) / design_effect))


def log_odds(reliability: float) -> float:
    """Return the log-odds of a chance, kept away from certainty."""
    chance = min(max(reliability, _LEAST), _MOST)
    return log(chance / (1 - chance))
