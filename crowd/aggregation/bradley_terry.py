"""Rank items from comparisons in pairs."""

from typing import ClassVar, NamedTuple, Self

import numpy as np

from crowd.aggregation.answer_rows import ComparisonRows
from crowd.aggregation.arrays import FloatArray, IndexArray, sum_by
from crowd.aggregation.estimator import Estimator
from crowd.aggregation.parameters import require_positive

_NORMAL_975 = 1.959963984540054
_NEWTON_STEPS = 50
_SMALLEST_STEP = 1e-5  # Newton squares the error: what is left is under 1e-9.
_HALVINGS = 30
_ROUNDING = 1e-13


class Pairs(NamedTuple):
    """Hold the wins of each pair of items: arrays of one length.

    first, second: the items; first_wins, second_wins: how often each won.
    """

    first: IndexArray
    second: IndexArray
    first_wins: FloatArray
    second_wins: FloatArray


class Block(NamedTuple):
    """Hold one component: its items, its pairs, and where their items stand among its items."""

    items: IndexArray
    pairs: IndexArray
    first: IndexArray
    second: IndexArray


class BradleyTerry(Estimator[ComparisonRows]):
    """Find the score of each item that makes the comparisons most probable.

    The first item wins with probability 1 / (1 + exp(score of second - score of first)).
    A tie is half a win for each. Every annotator counts alike.

    spread: standard deviation of the scores before any comparison (a normal prior); it
        gives an item that always won a finite score.

    scores_, low_, high_: score of each item with 95 % limits, (n_items,), from the
        curvature at the maximum (Laplace). Only scores of one component compare.
    component_: which items hang together by comparisons, (n_items,).
    order_: items from the best to the last, ties to the lower index, (n_items,).

    Bradley and Terry, Rank Analysis of Incomplete Block Designs, Biometrika 39, 1952;
    Caron and Doucet, Efficient Bayesian Inference for Generalized Bradley-Terry Models,
    JCGS 21(1), 2012 (why a prior).
    """

    name: ClassVar[str] = "bradley-terry"
    version: ClassVar[str] = "1"

    scores_: FloatArray
    low_: FloatArray
    high_: FloatArray
    component_: IndexArray
    order_: IndexArray

    def __init__(self, *, spread: float = 1.5) -> None:
        require_positive(spread=spread)
        self.spread = spread

    def fit(self, rows: ComparisonRows) -> Self:
        """Climb to the maximum by Newton's method, one component at a time."""
        pairs = pairs_of(rows, rows.share, 1 - rows.share)
        blocks = blocks_of(pairs, components_of(rows))
        scores, path, converged = climb(pairs, np.zeros(rows.n_items), self.spread, blocks)
        self._keep_ending(rows, path, converged=converged)
        chance = chance_of_first(scores[pairs.first] - scores[pairs.second])
        weight = (pairs.first_wins + pairs.second_wins) * chance * (1 - chance)
        self._keep_scores(scores, weight, blocks)
        return self

    def predict_proba(self, first: IndexArray, second: IndexArray) -> FloatArray:
        """Return the probability that each first item wins, as the scores have it."""
        return chance_of_first(self.scores_[first] - self.scores_[second])

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""
        return {"spread": self.spread}

    def _keep_scores(self, scores: FloatArray, weight: FloatArray, blocks: list[Block]) -> None:
        error = np.zeros_like(scores)
        self.component_ = np.zeros(len(scores), dtype=np.int64)
        for number, block in enumerate(blocks):
            covariance = np.linalg.inv(_curvature(block, weight, self.spread))
            error[block.items] = np.sqrt(np.diag(covariance))
            self.component_[block.items] = number
        self.scores_ = scores
        self.low_, self.high_ = scores - _NORMAL_975 * error, scores + _NORMAL_975 * error
        self.order_ = np.argsort(-scores.round(9), kind="stable")


def chance_of_first(difference: FloatArray) -> FloatArray:
    """Return the logistic function of a difference of scores."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * difference)))


def pairs_of(rows: ComparisonRows, for_first: FloatArray, for_second: FloatArray) -> Pairs:
    """Add up wins over the rows that compare the same two items."""
    low, high = np.minimum(rows.first, rows.second), np.maximum(rows.first, rows.second)
    swapped = rows.first > rows.second
    cells, pair = np.unique(low * rows.n_items + high, return_inverse=True)
    return Pairs(
        cells // rows.n_items,
        cells % rows.n_items,
        sum_by(pair, np.where(swapped, for_second, for_first), len(cells)),
        sum_by(pair, np.where(swapped, for_first, for_second), len(cells)),
    )


def components_of(rows: ComparisonRows) -> list[IndexArray]:
    """Return the items of each connected component, in the order of their first item."""
    from scipy.sparse import coo_array  # noqa: PLC0415 - see reliability.py
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    links = coo_array(
        (np.ones(rows.n_rows), (rows.first, rows.second)), shape=(rows.n_items, rows.n_items)
    )
    count, component = connected_components(links, directed=False)
    order = np.argsort(component, kind="stable")
    ends = np.cumsum(np.bincount(component, minlength=count))[:-1]
    return list(np.split(order, ends))


def blocks_of(pairs: Pairs, components: list[IndexArray]) -> list[Block]:
    """Sort the pairs into the components of their items."""
    place = np.zeros(sum(map(len, components)), dtype=np.int64)
    component = np.zeros_like(place)
    for number, items in enumerate(components):
        place[items] = np.arange(len(items))
        component[items] = number
    order = np.argsort(component[pairs.first], kind="stable")
    sizes = np.bincount(component[pairs.first], minlength=len(components))
    parts = np.split(order, np.cumsum(sizes)[:-1])
    return [
        Block(items, part, place[pairs.first[part]], place[pairs.second[part]])
        for items, part in zip(components, parts, strict=True)
    ]


def climb(
    pairs: Pairs,
    scores: FloatArray,
    spread: float,
    blocks: list[Block],
    *,
    most_steps: int = _NEWTON_STEPS,
) -> tuple[FloatArray, list[float], bool]:
    """Return better scores, the objective on the way, and whether they are the best."""
    path = [log_posterior(pairs, scores, spread)]
    for _ in range(most_steps):
        step = _newton_step(pairs, scores, spread, blocks)
        scores, objective = _risen(pairs, scores, step, spread, path[-1])
        path.append(objective)
        if np.abs(step).max() < _SMALLEST_STEP:
            return scores, path, True
    return scores, path, False


def log_posterior(pairs: Pairs, scores: FloatArray, spread: float) -> float:
    """Return the log likelihood of the wins plus the log prior of the scores."""
    difference = scores[pairs.first] - scores[pairs.second]
    lost = (pairs.first_wins + pairs.second_wins) * np.logaddexp(0, difference)
    lost -= pairs.first_wins * difference  # log(1 + exp(-d)) is log(1 + exp(d)) - d.
    return -float(lost.sum() + 0.5 * np.sum(scores**2) / spread**2)


def _newton_step(
    pairs: Pairs, scores: FloatArray, spread: float, blocks: list[Block]
) -> FloatArray:
    chance = chance_of_first(scores[pairs.first] - scores[pairs.second])
    count = pairs.first_wins + pairs.second_wins
    surplus = pairs.first_wins - count * chance
    slope = sum_by(pairs.first, surplus, len(scores)) - sum_by(pairs.second, surplus, len(scores))
    slope -= scores / spread**2
    weight = count * chance * (1 - chance)
    step = np.zeros_like(scores)
    for block in blocks:
        step[block.items] = np.linalg.solve(_curvature(block, weight, spread), slope[block.items])
    return step


def _risen(
    pairs: Pairs, scores: FloatArray, step: FloatArray, spread: float, before: float
) -> tuple[FloatArray, float]:
    # The objective is concave, so that half of a step too long is a better one.
    for _ in range(_HALVINGS):
        objective = log_posterior(pairs, scores + step, spread)
        if objective >= before - _ROUNDING * abs(before):
            return scores + step, max(objective, before)
        step = step / 2
    return scores, before


def _curvature(block: Block, weight: FloatArray, spread: float) -> FloatArray:
    """Return minus the second derivative over the items of one component."""
    curvature = np.zeros((len(block.items), len(block.items)))
    curvature[block.first, block.second] = -weight[block.pairs]  # Each pair stands there once.
    curvature += curvature.T
    np.fill_diagonal(curvature, 1 / spread**2 - curvature.sum(axis=1))
    return curvature
