import json
from dataclasses import dataclass

import pytest

from governance.fairness.counts import Cases, count_groups
from governance.fairness.estimates import Estimate, NotEstimable, Reason
from governance.fairness.group_report import group_report
from governance.fairness.plain import to_json


@dataclass(frozen=True)
class Holder:
    held: object


def test_the_two_kinds_of_figure_can_be_told_apart_in_json():
    assert to_json(Estimate(0.5, 0.2, 0.8, 10)) == {
        "value": 0.5,
        "low": 0.2,
        "high": 0.8,
        "n": 10,
        "state": "estimated",
    }
    assert to_json(NotEstimable(Reason.NOBODY, 0, 0))["state"] == "not_estimable"


def test_a_whole_report_survives_json_unchanged(patients: Cases):
    plain = to_json(group_report(count_groups(patients)))
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["gaps"][0]["metric"] == "selection_rate"
    assert plain["rules"]["minimums"] == {"rows": 30, "people": 5}


def test_two_runs_give_the_same_bytes(patients: Cases):
    first, second = (to_json(group_report(count_groups(patients))) for _ in range(2))
    assert json.dumps(first) == json.dumps(second)


@pytest.mark.parametrize(
    ("held", "plain"),
    [
        (0.1 + 0.2, 0.3),
        (-0.0, 0.0),
        (float("inf"), None),
        (Reason.NOBODY, "nobody"),
        ((1, True), [1, True]),
    ],
)
def test_values_become_what_json_can_hold(held: object, plain: object):
    assert repr(to_json(Holder(held))["held"]) == repr(plain)


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(TypeError, match="set"):
        to_json(Holder({1}))
