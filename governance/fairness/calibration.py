"""Ask whether a model is right as often as it is sure."""

import numpy as np
from numpy.typing import ArrayLike

from governance.fairness.estimates import Estimate, Figure, Minimums, NotEstimable
from governance.fairness.intervals import CONFIDENCE, Share, clopper_pearson
from governance.fairness.results import CalibrationBin

STANDARD_MINIMUMS = Minimums(rows=10, people=1)


def calibration_bins(
    confidence: ArrayLike,
    is_right: ArrayLike,
    *,
    bins: int = 10,
    minimums: Minimums = STANDARD_MINIMUMS,
) -> tuple[CalibrationBin, ...]:
    """Divide the cases into bins of equal width in confidence, 0 to 1; empty bins are left out.

    DeGroot and Fienberg, "The comparison and evaluation of forecasters", The Statistician 32
    (1983) 12-22. Each case is taken to be about another person.
    """
    said, right = np.asarray(confidence, dtype=float), np.asarray(is_right, dtype=bool)
    if said.shape != right.shape or not ((said >= 0) & (said <= 1)).all():
        raise ValueError("Confidences must lie between 0 and 1, one for each outcome.")
    place = np.minimum((said * bins).astype(np.int64), bins - 1)
    cases = np.bincount(place, minlength=bins)
    hits = np.bincount(place[right], minlength=bins)
    # Sorted before they are summed, so that the order of the cases cannot change a bit.
    order = np.argsort(said)
    total = np.bincount(place[order], weights=said[order], minlength=bins)
    return tuple(
        CalibrationBin(
            float(total[at] / cases[at]), _share(int(hits[at]), int(cases[at]), minimums)
        )
        for at in np.flatnonzero(cases)
    )


def _share(hits: int, cases: int, minimums: Minimums) -> Figure:
    lacking = minimums.shortfall(cases, cases)
    if lacking is not None:
        return NotEstimable(lacking, cases, cases)
    ends = clopper_pearson(Share(hits, cases), CONFIDENCE)
    return Estimate(hits / cases, ends.low, ends.high, cases)
