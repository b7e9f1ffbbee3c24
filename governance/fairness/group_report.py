"""Report rates by group with intervals, and say which gaps are findings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from governance.fairness.corrections import holm, verdict_of
from governance.fairness.counts import GroupCounts, Partition
from governance.fairness.gaps import Question, gap, impact_ratio
from governance.fairness.observations import Observation, observe
from governance.fairness.results import Gap, Group, GroupRates, GroupReport, Metric, Rules

METHOD = "group-report"
VERSION = 1
STANDARD_RULES = Rules()


@dataclass(frozen=True, slots=True)
class _Observed:
    partition: Partition
    observations: dict[Metric, tuple[Observation, ...]]


def group_report(
    counts: GroupCounts,
    *,
    rules: Rules = STANDARD_RULES,
    reference: Mapping[str, str] | None = None,
) -> GroupReport:
    """Compare groups by every attribute and intersection, on every metric.

    Without a reference category, all groups of an attribute are compared with each other; with
    one (`{"sex": "male"}`), each is compared with that. The family for Holm's correction is
    every metric of every attribute and intersection, estimable or not.
    """
    everyone = _Observed(counts.everyone, observe(counts.everyone, rules.minimums))
    observed = [_Observed(part, observe(part, rules.minimums)) for part in counts.partitions]
    return GroupReport(
        method=METHOD,
        version=VERSION,
        rules=rules,
        reference=dict(reference or {}),
        everyone=next(_rates(everyone, rules)),
        groups=tuple(rates for part in observed for rates in _rates(part, rules)),
        gaps=_gaps(list(_questions(observed, reference or {})), rules),
        impact_ratios=tuple(
            impact_ratio(part.partition.attributes, part.observations[Metric.SELECTION_RATE], rules)
            for part in observed
        ),
    )


def _rates(observed: _Observed, rules: Rules) -> Iterator[GroupRates]:
    partition = observed.partition
    for at, group in enumerate(partition.groups):
        yield GroupRates(
            attributes=partition.attributes,
            group=group,
            rows=int(partition.rows[at].sum()),
            people=int(partition.people_in_group[at]),
            rates={
                metric: observations[at].figure(1 - rules.significance)
                for metric, observations in observed.observations.items()
            },
        )


def _questions(observed: Sequence[_Observed], reference: Mapping[str, str]) -> Iterator[Question]:
    for part in observed:
        attributes = part.partition.attributes
        for metric, observations in part.observations.items():
            yield Question(attributes, metric, observations, _reference(attributes, reference))


def _reference(attributes: tuple[str, ...], reference: Mapping[str, str]) -> Group | None:
    """Return the reference group, where every one of the attributes has a reference category."""
    if not all(attribute in reference for attribute in attributes):
        return None
    return tuple(reference[attribute] for attribute in attributes)


def _gaps(questions: Sequence[Question], rules: Rules) -> tuple[Gap, ...]:
    gaps = [gap(question, rules=rules, family=len(questions)) for question in questions]
    adjusted = holm([found.p_value for found in gaps])
    return tuple(
        replace(found, adjusted_p_value=p_value, verdict=verdict_of(p_value, rules.significance))
        for found, p_value in zip(gaps, adjusted, strict=True)
    )
