import warnings

import numpy as np
import pytest
from fairlearn import metrics
from sklearn.metrics import zero_one_loss

from governance.fairness.counts import Cases, count_groups
from governance.fairness.rates import denominators, group_rates
from governance.fairness.results import Metric

DEFINITIONS = {
    Metric.SELECTION_RATE: metrics.selection_rate,
    Metric.ERROR_RATE: zero_one_loss,
    Metric.FALSE_POSITIVE_RATE: metrics.false_positive_rate,
    Metric.FALSE_NEGATIVE_RATE: metrics.false_negative_rate,
}


def test_count_tables_give_what_fairlearn_gives_on_the_rows(patients: Cases):
    for partition in count_groups(patients).partitions:
        features = [patients.attributes[name] for name in partition.attributes]
        oracle = metrics.MetricFrame(
            metrics=DEFINITIONS,
            y_true=patients.truth,
            y_pred=patients.prediction,
            sensitive_features=np.array(features).T,
        ).by_group
        rates = group_rates(partition)
        for at, group in enumerate(partition.groups):
            theirs = oracle.loc[group if len(group) > 1 else group[0]]
            ours = [rates[metric][at] for metric in Metric]
            assert ours == pytest.approx([theirs[metric] for metric in Metric], abs=1e-12)


def test_a_group_never_seen_has_no_rates():
    cases = Cases([0, 1], [0, 1], {"sex": ["f", "f"]})
    part = count_groups(cases, expected={"sex": ["a", "m"]}).partitions[0]
    rates = group_rates(part)[Metric.SELECTION_RATE]
    assert part.groups == (("a",), ("f",), ("m",))
    assert np.isnan(rates).tolist() == [True, False, True]
    assert rates[1] == 0.5


def test_rates_of_one_truth_rest_on_the_cases_of_that_truth():
    cases = Cases([0, 0, 1], [0, 1, 1], {"sex": ["f"] * 3}, people=["a", "a", "b"])
    resting_on = denominators(count_groups(cases).partitions[0])
    assert [column.tolist() for column in resting_on[Metric.FALSE_POSITIVE_RATE]] == [[2], [1]]
    assert [column.tolist() for column in resting_on[Metric.FALSE_NEGATIVE_RATE]] == [[1], [1]]


def test_no_warning_of_a_library_reaches_the_caller(patients: Cases):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        group_rates(count_groups(patients).partitions[2])
