"""What a model says of cases, and why."""

import numpy as np
import pytest

from governance.fitting import Example, fit
from governance.model_files import TrainedModel
from governance.registry import TrainingParameters
from governance.scoring import feature_values, score


def _model(classes: tuple[str, ...]) -> TrainedModel:
    examples = [
        Example(
            str(at),
            True,
            classes[(at * len(classes)) // 90],
            1.0,
            {"height": float(at), "width": float(at * 7 % 11)},
        )
        for at in range(90)
    ]
    return fit(examples, classes=classes, parameters=TrainingParameters())


@pytest.mark.parametrize("classes", [("no", "yes"), ("low", "middle", "high")])
def test_contributions_and_the_model_agree_on_the_log_odds(classes: tuple[str, ...]) -> None:
    """The weights and the intercept add up to what the pipeline computes itself."""
    model = _model(classes)
    payload = {"height": 80.0, "width": 3.0}
    (found,) = score(model, [payload])
    decision = model.pipeline.decision_function(feature_values([payload], model.features))[0]
    chosen = model.classes.index(found.answer)
    intercept = model.pipeline[-1].intercept_
    if len(classes) == 2:
        expected = float(decision) if chosen == 1 else -float(decision)
        start = float(intercept[0]) if chosen == 1 else -float(intercept[0])
    else:
        expected = float(decision[chosen] - decision.mean())
        start = float(intercept[chosen] - intercept.mean())
    assert sum(each.weight for each in found.contributions) + start == pytest.approx(expected)


def test_the_strongest_contribution_comes_first_and_speaks_plainly() -> None:
    (found,) = score(_model(("no", "yes")), [{"height": "89", "width": 5}])
    assert found.answer == "yes"
    assert found.contributions[0].words == "height 89 is far above average; speaks for this answer."


def test_a_missing_number_is_named_and_filled_in() -> None:
    (found,) = score(_model(("no", "yes")), [{"height": 10.0}])
    assert found.missing == ("width",)
    assert np.isfinite(found.probability)
    words = {each.feature: each.words for each in found.contributions}
    assert words["width"].startswith("width is missing")


def test_no_cases_give_no_scores() -> None:
    assert score(_model(("no", "yes")), []) == []
