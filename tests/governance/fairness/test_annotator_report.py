from collections.abc import Callable

import numpy as np
import pytest

from governance.fairness.annotator_counts import Answers
from governance.fairness.annotator_report import annotator_report
from governance.fairness.annotator_results import AnnotatorReport, Contrast
from governance.fairness.estimates import Estimate, NotEstimable, Reason, Verdict
from governance.fairness.plain import to_json

Crowd = Callable[[int], Answers]


def names(report: AnnotatorReport, contrast: Contrast) -> set[str]:
    return {person.annotator for person in report.differing(contrast)}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_two_who_treat_one_sex_differently_are_found_and_nobody_else(crowd: Crowd, seed: int):
    report = annotator_report(crowd(seed), positive="yes")
    found = names(report, Contrast.LABELS_BETWEEN_ITEM_GROUPS)
    assert found == {"harsh-on-her", "lenient-on-him"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_careless_and_the_constant_err_more_than_the_others(crowd: Crowd, seed: int):
    contrast = Contrast.ERRORS_AND_OTHERS
    differing = annotator_report(crowd(seed), positive="yes").differing(contrast)
    more = {p.annotator for p in differing if p.contrast(contrast).difference.value > 0}
    fewer = {person.annotator for person in differing} - more
    assert {"careless", "constant"} <= more
    assert "careful" in fewer
    assert not any(name.startswith("plain") for name in more)


def test_the_side_that_gets_the_label_more_often_comes_first_in_the_sign(crowd: Crowd):
    report = annotator_report(crowd(1), positive="yes")
    gaps = {
        person.annotator: person.contrast(Contrast.LABELS_BETWEEN_ITEM_GROUPS)
        for person in report.annotators
    }
    for name in ("harsh-on-her", "lenient-on-him"):
        assert (gaps[name].first, gaps[name].second) == ("female", "male")
        assert gaps[name].difference.high < 0


def test_more_positive_cases_in_one_group_are_not_a_difference_in_treatment():
    rng = np.random.default_rng(4)
    sex = rng.choice(["f", "m"], 400)
    truth = np.where(rng.random(400) < np.where(sex == "m", 0.8, 0.2), "yes", "no").tolist()
    answers = Answers(["a"] * 400, sex.tolist(), truth, truth)
    person = annotator_report(answers, positive="yes").annotators[0]
    rates = person.label_rate_by_item_group
    assert rates["m"].low > rates["f"].high
    contrast = person.contrast(Contrast.LABELS_BETWEEN_ITEM_GROUPS)
    assert contrast.verdict is Verdict.NO_FINDING
    assert contrast.difference.value == 0


def test_a_harder_pile_of_items_does_not_set_an_annotator_apart():
    rng = np.random.default_rng(6)
    hard = np.array([True] * 100 + [False] * 100 + [True] * 20 + [False] * 180)
    answers = np.where(rng.random(400) < np.where(hard, 0.4, 0.05), "no", "yes")
    report = annotator_report(
        Answers(
            ["unlucky"] * 200 + ["lucky"] * 200,
            np.where(hard, "hard", "easy").tolist(),
            answers.tolist(),
            ["yes"] * 400,
        ),
        positive="yes",
    )
    errors = {person.annotator: person.error_rate for person in report.annotators}
    assert errors["unlucky"].low > errors["lucky"].value
    assert names(report, Contrast.ERRORS_AND_OTHERS) == set()


def test_few_answers_are_not_judged():
    answers = Answers(["a"] * 19, ["f", "m"] * 9 + ["f"], ["no"] * 19, ["yes"] * 19)
    person = annotator_report(answers, positive="yes").annotators[0]
    assert person.error_rate == NotEstimable(Reason.TOO_FEW_ROWS, n=19, people=1)
    assert {found.verdict for found in person.contrasts} == {Verdict.NOT_ESTIMABLE}


def test_a_missing_item_group_is_shown_but_not_compared():
    groups: list[str | None] = ["f"] * 60 + [None] * 60
    answers = Answers(["a"] * 120, groups, ["yes"] * 60 + ["no"] * 60, ["yes"] * 120)
    person = annotator_report(answers, positive="yes").annotators[0]
    assert isinstance(person.error_rate_by_item_group["unknown"], Estimate)
    contrast = person.contrast(Contrast.ERRORS_BETWEEN_ITEM_GROUPS)
    assert contrast.verdict is Verdict.NOT_ESTIMABLE


def test_a_faultless_annotator_still_has_an_interval(crowd: Crowd):
    answers = Answers(["a"] * 50, ["f"] * 50, ["yes"] * 50, ["yes"] * 50)
    rate = annotator_report(answers, positive="yes").annotators[0].error_rate
    assert isinstance(rate, Estimate)
    assert (rate.value, rate.low) == (0, 0)
    assert rate.high > 0.05


def test_the_order_of_the_answers_changes_nothing(crowd: Crowd):
    answers = crowd(5)
    order = np.random.default_rng(0).permutation(len(answers.answers))
    columns = (answers.annotators, answers.item_groups, answers.answers, answers.references)
    shuffled = Answers(*([column[at] for at in order] for column in columns))
    before, after = (annotator_report(each, positive="yes") for each in (answers, shuffled))
    assert to_json(before) == to_json(after)


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="length"):
        annotator_report(Answers(["a"], ["f"], ["yes"], []), positive="yes")
