from collections.abc import Callable

import numpy as np
import pytest

from governance.fairness.annotator_counts import Answers
from governance.fairness.counts import Cases

SEXES = ("female", "male")
HABITS = ("careful", "careless", "constant", "harsh-on-her", "lenient-on-him")


@pytest.fixture
def patients() -> Cases:
    """400 cases in which men are selected far too often, and age plays no part."""
    rng = np.random.default_rng(7)
    sex, age = rng.choice(SEXES, 400), rng.choice(["under 50", "50 and over"], 400)
    truth = rng.integers(0, 2, 400)
    prediction = np.where(rng.random(400) < 0.8, truth, 1 - truth)
    prediction = np.where((sex == "male") & (rng.random(400) < 0.5), 1, prediction)
    attributes = {"sex": sex.tolist(), "age": age.tolist()}
    return Cases(truth, prediction, attributes)


@pytest.fixture
def crowd() -> Callable[[int], Answers]:
    """Make a crowd: careful, careless, constant, and two who treat one sex differently."""

    def make(seed: int) -> Answers:
        rng = np.random.default_rng(seed)
        rows = [
            (name, sex, _answer(name, sex, is_yes, rng), "yes" if is_yes else "no")
            for name in (*HABITS, *(f"plain-{number}" for number in range(7)))
            for sex, is_yes in zip(rng.choice(SEXES, 120), rng.random(120) < 0.5, strict=True)
        ]
        names, sexes, given, reference = map(list, zip(*rows, strict=True))
        return Answers(names, sexes, given, reference)

    return make


def _answer(name: str, sex: str, is_yes: bool, rng: np.random.Generator) -> str:
    accuracy = {"careful": 0.97, "careless": 0.55}.get(name, 0.85)
    answer = "yes" if is_yes == (rng.random() < accuracy) else "no"
    leans = rng.random() < 0.8
    if name == "constant" or (name == "lenient-on-him" and sex == "male" and leans):
        return "yes"
    return "no" if name == "harsh-on-her" and sex == "female" and leans else answer
