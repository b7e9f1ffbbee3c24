"""Trained models as files: skops, never pickle, and only types that we know."""

from dataclasses import dataclass
from zipfile import BadZipFile

import numpy as np
import skops.io
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from skops.io.exceptions import UntrustedTypesFoundException

from folkmoot.kernel.errors import InvalidInput

FORMAT = "folkmoot-model-1"

# skops itself trusts what scikit-learn and NumPy hold; the imputer also keeps its dtype.
TRUSTED_TYPES = ("numpy.dtype",)


@dataclass(frozen=True)
class TrainedModel:
    """A fitted pipeline, with the payload fields it reads and the classes it tells apart.

    `pipeline` takes shape (cases, features) and gives probabilities of shape (cases, classes).
    """

    pipeline: Pipeline
    features: tuple[str, ...]
    classes: tuple[str, ...]

    def probabilities(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of each class for each case."""
        return np.asarray(self.pipeline.predict_proba(values), dtype=np.float64)


def dump_model(model: TrainedModel) -> bytes:
    """Write a model as a skops file."""
    return bytes(
        skops.io.dumps(
            {
                "format": FORMAT,
                "features": list(model.features),
                "classes": list(model.classes),
                "pipeline": model.pipeline,
            }
        )
    )


def load_model(content: bytes) -> TrainedModel:
    """Read a model file, or refuse one that names types we do not know or is none of ours."""
    try:
        held = skops.io.loads(content, trusted=TRUSTED_TYPES)
    except UntrustedTypesFoundException as error:
        names = ", ".join(_untrusted_types(content))
        raise InvalidInput(
            f"The model file holds types that are not trusted and was not loaded: {names}."
        ) from error
    except (BadZipFile, KeyError) as error:
        raise InvalidInput("This is not a model file.") from error
    if not isinstance(held, dict) or held.get("format") != FORMAT:
        raise InvalidInput("This file is not a model that Folkmoot has written.")
    return TrainedModel(held["pipeline"], tuple(held["features"]), tuple(held["classes"]))


def _untrusted_types(content: bytes) -> list[str]:
    return sorted(set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED_TYPES))
