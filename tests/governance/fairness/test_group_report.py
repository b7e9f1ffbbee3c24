from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.fairness.counts import UNKNOWN, Cases, count_groups
from governance.fairness.estimates import Estimate, Minimums, NotEstimable, Reason, Verdict
from governance.fairness.group_report import group_report
from governance.fairness.plain import to_json
from governance.fairness.results import Gap, GroupRates, GroupReport, Metric, Rules

SMALL = Rules(minimums=Minimums(rows=5, people=5))


def group_of(report: GroupReport, *group: str) -> GroupRates:
    return next(rates for rates in report.groups if rates.group == group)


def gap_of(report: GroupReport, metric: Metric, *attributes: str) -> Gap:
    wanted = (attributes, metric)
    return next(gap for gap in report.gaps if (gap.attributes, gap.metric) == wanted)


def cases(*, selected: dict[str, tuple[int, int]]) -> Cases:
    """Make cases of one attribute: so many selected out of so many in each group, all negative."""
    sex = [name for name, (_, n) in selected.items() for _ in range(n)]
    prediction = [int(at < chosen) for chosen, n in selected.values() for at in range(n)]
    return Cases([0] * len(sex), prediction, {"sex": sex})


def test_a_planted_gap_is_found_and_an_absent_one_is_not(patients: Cases):
    report = group_report(count_groups(patients))
    assert gap_of(report, Metric.FALSE_POSITIVE_RATE, "sex").verdict is Verdict.FINDING
    assert gap_of(report, Metric.FALSE_POSITIVE_RATE, "sex").first == ("male",)
    assert all(gap_of(report, metric, "age").verdict is Verdict.NO_FINDING for metric in Metric)


def test_nobody_selected_of_eight_is_not_a_certain_zero():
    report = group_report(count_groups(cases(selected={"f": (0, 8), "m": (4, 8)})), rules=SMALL)
    rate = group_of(report, "f").rates[Metric.SELECTION_RATE]
    assert isinstance(rate, Estimate)
    assert (rate.value, rate.low) == (0, 0)
    assert rate.high == pytest.approx(0.3694, abs=1e-4)


def test_a_small_group_is_not_estimable_and_never_acquitted():
    report = group_report(count_groups(cases(selected={"f": (0, 29), "m": (60, 100)})))
    rate = group_of(report, "f").rates[Metric.SELECTION_RATE]
    assert rate == NotEstimable(Reason.TOO_FEW_ROWS, n=29, people=29)
    assert gap_of(report, Metric.SELECTION_RATE, "sex").verdict is Verdict.NOT_ESTIMABLE


def test_a_rate_without_a_case_is_missing_where_fairlearn_says_zero():
    report = group_report(count_groups(cases(selected={"f": (10, 40), "m": (20, 40)})))
    rate = group_of(report, "f").rates[Metric.FALSE_NEGATIVE_RATE]
    assert rate == NotEstimable(Reason.NO_CASES, n=0, people=0)
    gap = gap_of(report, Metric.FALSE_NEGATIVE_RATE, "sex")
    assert gap.difference == NotEstimable(Reason.NOTHING_TO_COMPARE, n=0, people=0)


def test_many_rows_of_few_people_are_not_estimable():
    few = replace(cases(selected={"f": (20, 60), "m": (20, 60)}), people=["a", "b", "c", "d"] * 30)
    rate = group_of(group_report(count_groups(few)), "f").rates[Metric.SELECTION_RATE]
    assert rate == NotEstimable(Reason.TOO_FEW_PEOPLE, n=60, people=4)


def test_rows_of_the_same_people_claim_no_more_certainty_than_people():
    once = cases(selected={"f": (5, 40), "m": (20, 40)})
    tenfold = Cases(
        np.repeat(once.truth, 10),
        np.repeat(once.prediction, 10),
        {"sex": np.repeat(once.attributes["sex"], 10).tolist()},
        people=np.repeat(np.arange(80), 10),
    )
    gaps = [
        gap_of(group_report(count_groups(each)), Metric.SELECTION_RATE, "sex")
        for each in (once, tenfold)
    ]
    assert gaps[0].p_value == pytest.approx(gaps[1].p_value)


def test_one_group_alone_leaves_nothing_to_compare():
    report = group_report(count_groups(cases(selected={"f": (10, 40)})))
    assert isinstance(group_of(report, "f").rates[Metric.SELECTION_RATE], Estimate)
    assert {gap.verdict for gap in report.gaps} == {Verdict.NOT_ESTIMABLE}
    assert report.impact_ratios[0].below_threshold is None


def test_a_group_never_seen_is_reported_as_such():
    counts = count_groups(cases(selected={"f": (9, 40)}), expected={"sex": ["f", "m"]})
    rate = group_of(group_report(counts), "m").rates[Metric.ERROR_RATE]
    assert rate == NotEstimable(Reason.NOBODY, n=0, people=0)


def test_no_cases_at_all_make_a_report_that_says_so():
    report = group_report(count_groups(Cases([], [], {"sex": []})))
    assert isinstance(report.everyone.rates[Metric.ERROR_RATE], NotEstimable)
    assert {gap.verdict for gap in report.gaps} == {Verdict.NOT_ESTIMABLE}


def test_unknown_is_reported_but_never_compared():
    counted = cases(selected={"f": (10, 40), "m": (12, 40), "x": (40, 40)})
    sex = [None if name == "x" else name for name in counted.attributes["sex"]]
    report = group_report(count_groups(replace(counted, attributes={"sex": sex})))
    assert group_of(report, UNKNOWN).rates[Metric.SELECTION_RATE].n == 40
    assert gap_of(report, Metric.SELECTION_RATE, "sex").verdict is Verdict.NO_FINDING
    assert report.impact_ratios[0].highest == ("m",)


def test_a_small_but_certain_gap_is_reported_before_a_wide_but_doubtful_one():
    selected = {"a": (300, 1000), "b": (400, 1000), "c": (17, 36)}
    gap = gap_of(group_report(count_groups(cases(selected=selected))), Metric.SELECTION_RATE, "sex")
    assert (gap.first, gap.second) == (("b",), ("a",))
    assert gap.widest == pytest.approx(17 / 36 - 0.3)
    assert gap.comparisons == 3


def test_a_reference_category_is_what_all_others_are_compared_with():
    selected = {"a": (10, 50), "b": (30, 50), "c": (31, 50)}
    counts = count_groups(cases(selected=selected))
    gap = gap_of(group_report(counts, reference={"sex": "b"}), Metric.SELECTION_RATE, "sex")
    assert gap.comparisons == 2
    assert (gap.first, gap.second) == (("a",), ("b",))
    assert isinstance(gap.difference, Estimate)
    assert gap.difference.value == pytest.approx(-0.4)


def test_twenty_groups_with_one_true_rate_break_four_fifths_but_make_no_finding():
    rng = np.random.default_rng(11)
    found = broken = 0
    for _ in range(8):
        sizes = rng.integers(30, 200, 20)
        chosen = rng.binomial(sizes, 0.3)
        groups = {
            f"g{at:02}": (int(x), int(n))
            for at, (x, n) in enumerate(zip(chosen, sizes, strict=True))
        }
        report = group_report(count_groups(cases(selected=groups)))
        found += any(gap.verdict is Verdict.FINDING for gap in report.gaps)
        broken += bool(report.impact_ratios[0].below_threshold)
    assert broken == 8
    assert found <= 1


def test_the_correction_counts_every_declared_question():
    selected = {"f": (20, 100), "m": (40, 100)}
    gap = gap_of(group_report(count_groups(cases(selected=selected))), Metric.SELECTION_RATE, "sex")
    # Four metrics were declared; three could be asked, and they have one and the same p.
    assert gap.adjusted_p_value == pytest.approx(4 * gap.p_value)


def test_a_no_finding_says_what_it_could_not_have_seen():
    counts = count_groups(cases(selected={"f": (15, 50), "m": (20, 50)}))
    gap = gap_of(group_report(counts), Metric.SELECTION_RATE, "sex")
    assert gap.verdict is Verdict.NO_FINDING
    assert gap.detectable == pytest.approx(0.34, abs=0.05)


@given(st.randoms(use_true_random=False))
@settings(max_examples=5, deadline=None)
def test_the_order_of_the_rows_changes_nothing(random: Random):
    rng = np.random.default_rng(3)
    rows = list(
        zip(
            rng.integers(0, 2, 120).tolist(),
            rng.integers(0, 2, 120).tolist(),
            rng.choice(np.array(["f", "m", None]), 120).tolist(),
            rng.integers(0, 90, 120).tolist(),
            strict=True,
        )
    )

    def report() -> object:
        truth, prediction, sex, people = zip(*rows, strict=True)
        counts = count_groups(Cases(truth, prediction, {"sex": sex}, people))
        return to_json(group_report(counts, rules=SMALL))

    before = report()
    random.shuffle(rows)
    assert report() == before
