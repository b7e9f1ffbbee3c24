"""Report each annotator's errors, and whose answers differ between groups of items.

The words are "differs from", never "is biased": a difference is a reason to look, at the items
as much as at the person.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from governance.fairness.annotator_counts import AnswerCounts, Answers, count_answers
from governance.fairness.annotator_results import (
    AnnotatorRates,
    AnnotatorReport,
    AnnotatorRules,
    Contrast,
    Differs,
)
from governance.fairness.corrections import holm, verdict_of
from governance.fairness.counts import UNKNOWN, Integers
from governance.fairness.differences import Pair, difference, p_value_of
from governance.fairness.estimates import Estimate, Figure, NotEstimable, Reason, Verdict
from governance.fairness.intervals import Share, clopper_pearson

METHOD = "annotator-report"
VERSION = 1
STANDARD_RULES = AnnotatorRules()


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Hold two sides, matched within strata; `first` and `second` name them."""

    strata: tuple[Pair, ...]
    first: str | None
    second: str | None

    @property
    def smaller_side(self) -> float:
        first = sum(pair.first.trials for pair in self.strata)
        return min(first, sum(pair.second.trials for pair in self.strata))

    @property
    def cases(self) -> int:
        return int(sum(pair.trials for pair in self.strata))


def annotator_report(
    answers: Answers, *, positive: str, rules: AnnotatorRules = STANDARD_RULES
) -> AnnotatorReport:
    """Report on everyone who answered.

    `positive` is the label whose rate is compared between item groups. The family for Holm's
    correction is every contrast of every annotator, estimable or not.
    """
    counts = count_answers(answers, positive=positive)
    people = [_rates(counts, at, rules) for at in range(len(counts.annotators))]
    return AnnotatorReport(
        method=METHOD,
        version=VERSION,
        rules=rules,
        positive=positive,
        item_groups=counts.item_groups,
        annotators=tuple(_judged(people, rules)),
    )


def _rates(counts: AnswerCounts, at: int, rules: AnnotatorRules) -> AnnotatorRates:
    trials, errors = counts.trials[at].sum(axis=1), counts.errors[at].sum(axis=1)
    positives = counts.positives[at].sum(axis=1)
    return AnnotatorRates(
        annotator=counts.annotators[at],
        answers=int(trials.sum()),
        error_rate=_figure(errors.sum(), trials.sum(), rules),
        error_rate_by_item_group=_by_item_group(counts, errors, trials, rules),
        label_rate_by_item_group=_by_item_group(counts, positives, trials, rules),
        contrasts=(
            _strongest(Contrast.ERRORS_AND_OTHERS, [_against_others(counts, at)], rules),
            _strongest(
                Contrast.ERRORS_BETWEEN_ITEM_GROUPS,
                list(_between(counts, counts.errors[at], counts.trials[at])),
                rules,
            ),
            _strongest(
                Contrast.LABELS_BETWEEN_ITEM_GROUPS,
                list(_between(counts, counts.positives[at], counts.trials[at])),
                rules,
            ),
        ),
    )


def _by_item_group(
    counts: AnswerCounts, hits: Integers, trials: Integers, rules: AnnotatorRules
) -> dict[str, Figure]:
    columns = zip(counts.item_groups, hits, trials, strict=True)
    return {name: _figure(hit, trial, rules) for name, hit, trial in columns}


def _figure(hits: np.int64, trials: np.int64, rules: AnnotatorRules) -> Figure:
    if trials < rules.minimum_answers:
        return NotEstimable(Reason.TOO_FEW_ROWS, n=int(trials), people=1)
    share = Share(int(hits), int(trials))
    ends = clopper_pearson(share, 1 - rules.significance)
    return Estimate(share.rate, ends.low, ends.high, int(trials))


def _against_others(counts: AnswerCounts, at: int) -> _Comparison:
    """Match the annotator with all others, within item group and reference answer."""
    errors, trials = counts.errors[at].ravel(), counts.trials[at].ravel()
    all_errors, all_trials = counts.errors.sum(axis=0).ravel(), counts.trials.sum(axis=0).ravel()
    strata = _strata(errors, trials, all_errors - errors, all_trials - trials)
    return _Comparison(strata, None, None)


def _between(counts: AnswerCounts, hits: Integers, trials: Integers) -> Iterator[_Comparison]:
    """Match every two known item groups, within reference answer."""
    known = [at for at, name in enumerate(counts.item_groups) if name != UNKNOWN]
    for one, two in combinations(known, 2):
        strata = _strata(hits[one], trials[one], hits[two], trials[two])
        yield _Comparison(strata, counts.item_groups[one], counts.item_groups[two])


def _strata(
    hits: Integers, trials: Integers, other_hits: Integers, other_trials: Integers
) -> tuple[Pair, ...]:
    """Pair the two sides wherever both have a trial: elsewhere there is nothing to compare."""
    columns = zip(
        hits.tolist(), trials.tolist(), other_hits.tolist(), other_trials.tolist(), strict=True
    )
    return tuple(Pair(Share(x1, n1), Share(x2, n2)) for x1, n1, x2, n2 in columns if n1 and n2)


def _strongest(
    contrast: Contrast, comparisons: Sequence[_Comparison], rules: AnnotatorRules
) -> Differs:
    """Report the comparison with the strongest evidence; the verdict is provisional."""
    usable = [found for found in comparisons if found.smaller_side >= rules.minimum_answers]
    if not usable:
        cases = sum(found.cases for found in comparisons)
        nothing = NotEstimable(Reason.TOO_FEW_ROWS, n=cases, people=1)
        return Differs(contrast, nothing, None, None, 0, None, None, Verdict.NOT_ESTIMABLE)
    strongest = min(usable, key=lambda found: p_value_of(found.strata))
    found = difference(strongest.strata, 1 - rules.significance / len(usable))
    return Differs(
        contrast=contrast,
        difference=Estimate(found.value, found.low, found.high, strongest.cases),
        first=strongest.first,
        second=strongest.second,
        comparisons=len(usable),
        p_value=min(1.0, found.p_value * len(usable)),
        adjusted_p_value=None,
        verdict=Verdict.NO_FINDING,
    )


def _judged(people: Sequence[AnnotatorRates], rules: AnnotatorRules) -> Iterator[AnnotatorRates]:
    adjusted = iter(holm([found.p_value for person in people for found in person.contrasts]))
    for person in people:
        contrasts = (_judge(found, next(adjusted), rules) for found in person.contrasts)
        yield replace(person, contrasts=tuple(contrasts))


def _judge(found: Differs, adjusted: float | None, rules: AnnotatorRules) -> Differs:
    verdict = verdict_of(adjusted, rules.significance)
    return replace(found, adjusted_p_value=adjusted, verdict=verdict)
