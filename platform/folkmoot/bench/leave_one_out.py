"""Choose the default's parameters on all crowds but one, and score them on that one.

What is chosen on the very crowds that it is scored on looks better than it is. Here the scores
of a crowd come from the parameters that are best on all the others, by each of three scores.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product

import click
import numpy as np

from crowd.aggregation import Ensemble
from folkmoot.bench.crowd_data import RealCrowd
from folkmoot.bench.measure import Figure
from folkmoot.bench.posterior_scores import Scores, scores_of

_SHRINKAGE = (1.0, 3.0, 10.0)
_VOTE_SHARE = (0.15, 0.25, 0.4)
_CORRELATION = (0.0, 0.1, 0.2, 0.3)


def left_out_figures(crowds: Sequence[RealCrowd]) -> Iterator[Figure]:
    """Say what was chosen without each crowd, and give the mean scores on those left out."""
    choices = list(product(_SHRINKAGE, _VOTE_SHARE, _CORRELATION))
    scores = [[_scores(choice, crowd) for crowd in crowds] for choice in choices]
    for rule, sign in (("log_loss", 1.0), ("brier", 1.0), ("accuracy", -1.0)):
        badness = np.array([[sign * getattr(one, rule) for one in each] for each in scores])
        chosen = (badness.sum(axis=1, keepdims=True) - badness).argmin(axis=0)
        left_out = [scores[place][crowd] for crowd, place in enumerate(chosen)]
        click.echo(f"chosen by {rule} without one crowd: shrinkage, vote share, correlation")
        for place, times in Counter(chosen.tolist()).most_common():
            click.echo(f"{times:>4} times: {', '.join(map(str, choices[place]))}")
        yield from _means(f"left out, chosen by {rule}", left_out)


def _means(name: str, scores: Sequence[Scores]) -> Iterator[Figure]:
    for score in ("accuracy", "log_loss", "calibration_error"):
        mean = float(np.mean([getattr(each, score) for each in scores]))
        yield Figure(f"{name}: mean {score}", mean, "")


def _scores(choice: tuple[float, float, float], crowd: RealCrowd) -> Scores:
    shrinkage, vote_share, correlation = choice
    fit = Ensemble(shrinkage=shrinkage, vote_share=vote_share, correlation=correlation)
    return scores_of(fit.fit(crowd.matrix).posterior_, crowd.truth)
