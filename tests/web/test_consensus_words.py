"""What a consensus run did, in words that its pages have for it."""

import pytest

from crowd.models import ConsensusRun
from folkmoot.web.team.consensus_words import (
    calibration_sentence,
    method_words,
    trait_words,
    what_sure_means,
)


@pytest.mark.parametrize(
    ("calibration", "words"),
    [
        ({}, ""),
        ({"method": "temperature", "n_gold": 40}, "corrected by 40 tasks"),
        ({"method": "isotonic", "n_gold": 1200}, "corrected by 1,200 tasks"),
        ({"method": "conformal", "n_gold": 25}, "as wide as 25 tasks"),
        ({"method": "none", "n_gold": 3, "fewest_gold": 30}, "takes 30 tasks"),
        ({"method": "none", "n_gold": 64, "fewest_gold": 30}, "ask for no correction"),
    ],
)
def test_a_run_says_how_its_confidence_was_corrected(calibration, words):
    assert words in calibration_sentence(ConsensusRun(calibration=calibration))


def test_a_run_that_went_the_simple_way_says_so():
    assert method_words(ConsensusRun(method="gaussian", fallback="")) == "bias and spread"
    assert method_words(ConsensusRun(method="gaussian", fallback="Why.")) == "the simple rule"
    sure = what_sure_means(ConsensusRun(parameters={"near_enough": 1.5}))
    assert sure == "Sure of being off by no more than 1.5."
    assert what_sure_means(ConsensusRun(parameters={})) == ""


def test_what_a_model_found_of_a_person_is_put_into_words():
    assert trait_words({}) == []
    assert trait_words({"bias": -2.0, "spread": 1.0}) == ["2 too low, give or take 1"]
    assert trait_words({"bias": 0.01, "spread": 1.0})[0].startswith("neither")
    assert trait_words({"finds": 0.9, "invents": 0.1}) == [
        "finds 90\u202f% of what is there",
        "sees 10\u202f% of what is not",
    ]
