"""Model files: skops, only known types."""

import io
import os
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from folkmoot.kernel.errors import InvalidInput
from governance.fitting import Example, fit
from governance.model_files import TrainedModel, dump_model, load_model
from governance.registry import TrainingParameters


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    examples = [
        Example(str(at), True, "yes" if at > 50 else "no", 0.9, {"a": float(at % 7), "b": at})
        for at in range(100)
    ]
    return fit(examples, classes=("yes", "no", "maybe"), parameters=TrainingParameters())


def test_a_model_comes_back_from_its_file_and_says_the_same(model) -> None:
    again = load_model(dump_model(model))
    cases = np.array([[1.0, 20.0], [np.nan, 80.0]])
    assert (again.features, again.classes) == (("a", "b"), ("yes", "no"))
    np.testing.assert_array_equal(again.probabilities(cases), model.probabilities(cases))


def test_the_file_holds_no_pickle(model) -> None:
    with zipfile.ZipFile(io.BytesIO(dump_model(model))) as archive:
        names = archive.namelist()
    assert "schema.json" in names
    assert not [name for name in names if not name.endswith((".json", ".npy", ".npz"))]


def test_a_file_with_a_type_that_is_not_trusted_is_refused_by_its_name() -> None:
    bad = Pipeline([("call", FunctionTransformer(os.system))])
    content = skops.io.dumps({"format": "folkmoot-model-1", "pipeline": bad})
    with pytest.raises(InvalidInput, match=r"not trusted and was not loaded: posix\.system"):
        load_model(content)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"\x80\x04N."])
def test_what_is_no_model_file_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="not a model file"):
        load_model(content)


def test_another_skops_file_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not a model that Folkmoot has written"):
        load_model(skops.io.dumps([1, 2, 3]))
