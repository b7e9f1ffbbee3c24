"""How far one rate differs between the groups of one attribute."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from governance.fairness.counts import UNKNOWN
from governance.fairness.differences import Pair, difference, p_value_of, ratio_interval
from governance.fairness.estimates import Estimate, Figure, NotEstimable, Reason, Verdict
from governance.fairness.observations import Observation
from governance.fairness.power import detectable_difference
from governance.fairness.results import Gap, Group, ImpactRatio, Metric, Rules


@dataclass(frozen=True, slots=True)
class Question:
    """Ask whether one rate differs between the groups of one attribute or intersection."""

    attributes: tuple[str, ...]
    metric: Metric
    observations: tuple[Observation, ...]
    reference: Group | None = None


@dataclass(frozen=True, slots=True)
class _Comparison:
    first: Observation
    second: Observation

    @property
    def pair(self) -> Pair:
        return Pair(self.first.share, self.second.share)

    @property
    def rank(self) -> tuple[float, float]:
        """Order by evidence, then by width."""
        return p_value_of([self.pair]), -abs(self.first.rate - self.second.rate)


def gap(question: Question, *, rules: Rules, family: int) -> Gap:
    """Answer with the pair of groups that has the strongest evidence; the verdict is provisional.

    `family` is the number of questions in the report: it makes the detectable difference honest
    about the correction to come.
    """
    usable = _usable(question.observations)
    comparisons = list(_comparisons(usable, question.reference))
    if not comparisons:
        return _unanswered(question)
    strongest = min(comparisons, key=lambda comparison: comparison.rank)
    level = rules.significance / len(comparisons)
    return Gap(
        attributes=question.attributes,
        metric=question.metric,
        difference=_figure(strongest, level),
        first=strongest.first.group,
        second=strongest.second.group,
        widest=_widest(usable),
        comparisons=len(comparisons),
        p_value=min(1.0, strongest.rank[0] * len(comparisons)),
        adjusted_p_value=None,
        detectable=_detectable(strongest, level / family, rules.power),
        verdict=Verdict.NO_FINDING,
    )


def impact_ratio(
    attributes: tuple[str, ...], selection: Sequence[Observation], rules: Rules
) -> ImpactRatio:
    """Divide the lowest selection rate by the highest, with Koopman's interval."""
    usable = sorted(_usable(selection), key=lambda seen: (seen.rate, seen.group))
    if len(usable) < 2 or usable[-1].rate == 0:
        return ImpactRatio(attributes, _nothing(selection), None, None, None)
    lowest, highest = usable[0], usable[-1]
    ratio = lowest.rate / highest.rate
    ends = ratio_interval(lowest.share, highest.share, 1 - rules.significance)
    return ImpactRatio(
        attributes=attributes,
        ratio=Estimate(ratio, ends.low, ends.high, lowest.rows + highest.rows),
        lowest=lowest.group,
        highest=highest.group,
        below_threshold=ratio < rules.four_fifths,
    )


def _usable(observations: Sequence[Observation]) -> list[Observation]:
    """Keep what may be compared: nobody can answer for a gap to "unknown"."""
    known = (seen for seen in observations if UNKNOWN not in seen.group)
    return [seen for seen in known if seen.lacking is None]


def _comparisons(usable: Sequence[Observation], reference: Group | None) -> Iterable[_Comparison]:
    """Pair everyone with the reference, or else all with all, the higher rate first."""
    if reference is not None:
        base = [seen for seen in usable if seen.group == reference]
        return [_Comparison(seen, with_) for with_ in base for seen in usable if seen != with_]
    pairs = combinations(usable, 2)
    return [_Comparison(*sorted(two, key=lambda seen: -seen.rate)) for two in pairs]


def _figure(comparison: _Comparison, level: float) -> Figure:
    found = difference([comparison.pair], 1 - level)
    cases = comparison.first.rows + comparison.second.rows
    return Estimate(found.value, found.low, found.high, cases)


def _detectable(comparison: _Comparison, level: float, power: float) -> float | None:
    base, other = sorted((comparison.first, comparison.second), key=lambda seen: -seen.share.trials)
    return detectable_difference(
        base.rate, base.share.trials, other.share.trials, significance=level, power=power
    )


def _widest(usable: Sequence[Observation]) -> float:
    rates = [seen.rate for seen in usable]
    return max(rates) - min(rates)


def _unanswered(question: Question) -> Gap:
    return Gap(
        attributes=question.attributes,
        metric=question.metric,
        difference=_nothing(question.observations),
        first=None,
        second=None,
        widest=None,
        comparisons=0,
        p_value=None,
        adjusted_p_value=None,
        detectable=None,
        verdict=Verdict.NOT_ESTIMABLE,
    )


def _nothing(observations: Sequence[Observation]) -> NotEstimable:
    rows = sum(seen.rows for seen in observations)
    people = sum(seen.people for seen in observations)
    return NotEstimable(Reason.NOTHING_TO_COMPARE, rows, people)
