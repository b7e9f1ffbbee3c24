"""Say in words how far a version's certainty was borne out on held-out cases."""

from pydantic import BaseModel

from governance.models import ModelVersion

BINS = 10


class RightShare(BaseModel):
    """How often the model was right; without a value where too few cases were seen."""

    n: int
    value: float | None = None
    low: float = 0.0
    high: float = 1.0


class SurenessBin(BaseModel):
    """Cases in which the model was about equally sure, a tenth wide."""

    said: float
    was_right: RightShare


def likeness_sentence(version: ModelVersion, probability: float) -> str:
    """Say how often the version was right where it was about this sure."""
    for found in _bins_of(version):
        if _tenth(found.said) == _tenth(probability):
            return _sentence(found.was_right)
    return "The model was never this sure of a held-out case, so nothing is known of such cases."


def _bins_of(version: ModelVersion) -> list[SurenessBin]:
    rows = version.metrics.get("calibration", [])
    return [SurenessBin.model_validate(row) for row in rows] if isinstance(rows, list) else []


def _tenth(probability: float) -> int:
    return min(int(probability * BINS), BINS - 1)


def _sentence(right: RightShare) -> str:
    if right.value is None:
        return (
            f"Only {right.n} held-out cases were like this: too few to say how often it is right."
        )
    return (
        f"Of 100 cases like this the model was right in about {100 * right.value:.0f} "
        f"({100 * right.low:.0f} to {100 * right.high:.0f}; {right.n} held-out cases seen)."
    )
