"""What a trained model says of cases, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from folkmoot.kernel.json_values import Json, JsonObject
from governance.model_files import TrainedModel
from governance.payloads import number_in

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Contribution:
    """How far one feature moved the model towards the answer it gave (log odds; below 0: away).

    `deviation` is the value in standard deviations from the average of the training cases.
    """

    feature: str
    value: float | None
    deviation: float
    weight: float
    words: str


@dataclass(frozen=True)
class Score:
    """What the model proposes for one case, how sure it is, and what drove it, strongest first."""

    answer: str
    probability: float
    missing: tuple[str, ...]
    contributions: tuple[Contribution, ...]

    def explanation(self) -> list[Json]:
        """Return the contributions as JSON data."""
        return [_as_json(contribution) for contribution in self.contributions]


def score(model: TrainedModel, payloads: Sequence[Mapping[str, Json]]) -> list[Score]:
    """Score cases, one result a payload."""
    if not payloads:
        return []
    values = feature_values(payloads, model.features)
    probabilities = model.probabilities(values)
    # A tie goes to the answer that the schema names first, so that reruns agree.
    chosen = probabilities.argmax(axis=1)
    deviations = _deviations(model, values)
    weights = deviations * _pull(model)[chosen]
    return [
        Score(
            answer=model.classes[chosen[at]],
            probability=float(probabilities[at, chosen[at]]),
            missing=_missing(model, values[at]),
            contributions=_contributions(model, values[at], deviations[at], weights[at]),
        )
        for at in range(len(payloads))
    ]


def feature_values(payloads: Sequence[Mapping[str, Json]], features: Sequence[str]) -> Floats:
    """Return the features as an array of shape (cases, features), NaN where there is no number."""
    rows = [[number_in(payload, feature) for feature in features] for payload in payloads]
    return np.array(rows, dtype=np.float64).reshape(len(payloads), len(features))


def _deviations(model: TrainedModel, values: Floats) -> Floats:
    """Return what the last step sees: filled in and standardised."""
    return np.asarray(model.pipeline[:-1].transform(values), dtype=np.float64)


def _pull(model: TrainedModel) -> Floats:
    """Return how each feature pulls to each class, shape (classes, features), in log odds.

    With two classes scikit-learn keeps one row, for the second; with more, a row each, of which
    only the distance from their mean matters to the softmax.
    """
    coefficients = np.asarray(model.pipeline[-1].coef_, dtype=np.float64)
    if len(model.classes) == 2:
        return np.vstack([-coefficients[0], coefficients[0]])
    return np.asarray(coefficients - coefficients.mean(axis=0))


def _missing(model: TrainedModel, values: Floats) -> tuple[str, ...]:
    return tuple(model.features[at] for at in np.flatnonzero(np.isnan(values)))


def _contributions(
    model: TrainedModel, values: Floats, deviations: Floats, weights: Floats
) -> tuple[Contribution, ...]:
    strongest_first = np.argsort(-np.abs(weights), kind="stable")
    return tuple(
        Contribution(
            feature=model.features[at],
            value=None if np.isnan(values[at]) else float(values[at]),
            deviation=float(deviations[at]),
            weight=float(weights[at]),
            words=_words(model.features[at], values[at], deviations[at], weights[at]),
        )
        for at in strongest_first
    )


def _words(feature: str, value: np.float64, deviation: np.float64, weight: np.float64) -> str:
    if np.isnan(value):
        return f"{feature} is missing; the median of the training cases stands in for it."
    direction = "speaks for" if weight > 0 else "speaks against"
    return f"{feature} {value:g} is {_distance(float(deviation))}; {direction} this answer."


def _distance(deviation: float) -> str:
    if abs(deviation) < 0.5:
        return "about average"
    side = "above" if deviation > 0 else "below"
    return f"far {side} average" if abs(deviation) >= 1.5 else f"{side} average"


def _as_json(contribution: Contribution) -> JsonObject:
    return {
        "feature": contribution.feature,
        "value": contribution.value,
        "deviation": round(contribution.deviation, 6),
        "weight": round(contribution.weight, 6),
        "words": contribution.words,
    }
