"""Correct p values for the number of questions asked."""

from collections.abc import Sequence

from governance.fairness.estimates import Verdict


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return Holm's adjusted p values over the whole declared family, in the given order.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979) 65-70. None marks a declared question that could not be asked; it counts
    in the size of the family, so that missing data never make the rest look more certain.
    """
    asked = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    floor = 0.0
    for rank, (p_value, place) in enumerate(asked):
        floor = max(floor, min(1.0, p_value * (len(p_values) - rank)))
        adjusted[place] = floor
    return adjusted


def verdict_of(adjusted_p_value: float | None, significance: float) -> Verdict:
    """Return the verdict; a question that could not be asked is no acquittal."""
    if adjusted_p_value is None:
        return Verdict.NOT_ESTIMABLE
    return Verdict.FINDING if adjusted_p_value < significance else Verdict.NO_FINDING
