"""How a model does on cases it has never seen: pure, from scores and truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from governance.fairness.calibration import calibration_bins
from governance.fairness.estimates import Estimate
from governance.fairness.intervals import Share, clopper_pearson
from governance.fairness.results import CalibrationBin
from governance.scoring import Score


@dataclass(frozen=True)
class Evaluation:
    """The figures of one version on its held-out cases.

    `confusion` counts truth by row and proposal by column, both in the order of `classes`. The
    Brier score is the mean squared distance between the probability given to the proposed answer
    and whether it was right.
    """

    error: Estimate
    brier: float
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration: tuple[CalibrationBin, ...]


def evaluate(
    scores: Sequence[Score], truth: Sequence[str], *, classes: Sequence[str]
) -> Evaluation:
    """Measure proposals against the truth, one entry a case, at least one."""
    proposed = [each.answer for each in scores]
    is_right = np.array([said == true for said, true in zip(proposed, truth, strict=True)])
    probability = np.array([each.probability for each in scores])
    return Evaluation(
        error=_share(int(np.count_nonzero(~is_right)), len(scores)),
        brier=float(np.mean((probability - is_right) ** 2)),
        classes=tuple(classes),
        confusion=_confusion(proposed, truth, classes),
        calibration=calibration_bins(probability, is_right),
    )


def _share(hits: int, cases: int) -> Estimate:
    ends = clopper_pearson(Share(hits, cases))
    return Estimate(hits / cases, ends.low, ends.high, cases)


def _confusion(
    proposed: Sequence[str], truth: Sequence[str], classes: Sequence[str]
) -> tuple[tuple[int, ...], ...]:
    pairs = list(zip(truth, proposed, strict=True))
    return tuple(tuple(pairs.count((true, said)) for said in classes) for true in classes)
