"""Fit a model to labelled cases: pure, the same cases give the same model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from folkmoot.kernel.errors import InvalidInput
from folkmoot.kernel.json_values import JsonObject
from governance.model_files import TrainedModel
from governance.payloads import number_in
from governance.registry import TrainingParameters
from governance.scoring import feature_values

MOST_ITERATIONS = 1000


@dataclass(frozen=True)
class Example:
    """One labelled case: what it is, the consensus answer, and how sure that is (0 to 1)."""

    external_id: str
    is_crowd: bool
    answer: str
    confidence: float
    payload: JsonObject


def fit(
    examples: Sequence[Example], *, classes: Sequence[str], parameters: TrainingParameters
) -> TrainedModel:
    """Fit a logistic regression on standardised features, missing ones filled with the median.

    Raise InvalidInput where the examples cannot teach anything.
    """
    seen = {each.answer for each in examples}
    given = [name for name in classes if name in seen]
    if len(given) < 2:
        raise InvalidInput("The training rows need at least two different answers.")
    features = parameters.features or _numeric_fields(examples)
    _refuse_empty_features(examples, features)
    pipeline = _pipeline(parameters)
    weights = [each.confidence if parameters.weigh_by_confidence else 1.0 for each in examples]
    pipeline.fit(
        feature_values([each.payload for each in examples], features),
        np.array([given.index(each.answer) for each in examples]),
        decide__sample_weight=np.array(weights),
    )
    return TrainedModel(pipeline, tuple(features), tuple(given))


def _pipeline(parameters: TrainingParameters) -> Pipeline:
    return Pipeline(
        [
            ("fill_in", SimpleImputer(strategy="median")),
            ("standardise", StandardScaler()),
            (
                "decide",
                LogisticRegression(
                    C=parameters.inverse_regularisation,
                    max_iter=MOST_ITERATIONS,
                    random_state=parameters.seed,
                ),
            ),
        ]
    )


def _numeric_fields(examples: Sequence[Example]) -> tuple[str, ...]:
    """Return the fields that hold a number in every example, by name."""
    shared = set.intersection(*(set(each.payload) for each in examples))
    return tuple(
        field
        for field in sorted(shared)
        if all(number_in(each.payload, field) is not None for each in examples)
    )


def _refuse_empty_features(examples: Sequence[Example], features: Sequence[str]) -> None:
    if not features:
        raise InvalidInput("No field holds a number in every training row; name the features.")
    for feature in features:
        if all(number_in(each.payload, feature) is None for each in examples):
            raise InvalidInput(f"No training row holds a number in the field {feature!r}.")
