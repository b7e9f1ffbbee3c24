"""Whether a new version moves the error rates of groups further apart: pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from governance.fairness.estimates import Estimate, Figure, NotEstimable, Reason
from governance.fairness.intervals import CONFIDENCE

DRAWS = 4000
JEFFREYS = 0.5

Flags = NDArray[np.bool_]


def gap_growth(
    groups: Sequence[str | None],
    was_wrong: Flags,
    is_wrong: Flags,
    *,
    smallest_group: int,
    seed: int,
) -> Figure:
    """Return how much the widest gap between the groups' error rates grew, from before to after.

    One entry a case. Groups below the smallest size, and cases of no known group, are left out.
    The interval holds the middle 95 % of draws from each group's posterior over (wrong before,
    wrong after) under Jeffreys' prior, so that it has width even where no answer changed.
    """
    tables = [
        table
        for name in sorted({name for name in groups if name is not None})
        if (table := _table(groups, name, was_wrong, is_wrong)).sum() >= smallest_group
    ]
    cases = int(sum(table.sum() for table in tables))
    if len(tables) < 2:
        return NotEstimable(Reason.NOTHING_TO_COMPARE, n=cases, people=cases)
    observed = np.stack([table / table.sum() for table in tables])
    drawn = _draws(tables, seed)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(_growth(drawn), [tail, 1 - tail])
    return Estimate(float(_growth(observed)), float(low), float(high), cases)


def _table(
    groups: Sequence[str | None], name: str, was_wrong: Flags, is_wrong: Flags
) -> NDArray[np.int64]:
    """Count (right, right), (right, wrong), (wrong, right), (wrong, wrong) in one group."""
    here = np.array([group == name for group in groups])
    return np.bincount(2 * was_wrong[here] + is_wrong[here], minlength=4)


def _draws(tables: Sequence[NDArray[np.int64]], seed: int) -> NDArray[np.float64]:
    """Draw each group's four shares, shape (draws, groups, 4)."""
    generator = np.random.default_rng(seed)
    return np.stack([generator.dirichlet(table + JEFFREYS, DRAWS) for table in tables], axis=1)


def _growth(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the widest gap after minus before; groups are the axis before the last."""
    before = shares[..., 2] + shares[..., 3]
    after = shares[..., 1] + shares[..., 3]
    return np.asarray(np.ptp(after, axis=-1) - np.ptp(before, axis=-1))
