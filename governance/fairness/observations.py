"""One rate of one group as observed, and whether it may be spoken of."""

from dataclasses import dataclass

from governance.fairness.counts import Partition
from governance.fairness.estimates import Estimate, Figure, Minimums, NotEstimable, Reason
from governance.fairness.intervals import Share, clopper_pearson
from governance.fairness.rates import denominators, group_rates
from governance.fairness.results import Group, Metric


@dataclass(frozen=True, slots=True)
class Observation:
    """Hold a rate, the rows and different people it rests on, and what they lack, if anything."""

    group: Group
    rate: float
    rows: int
    people: int
    lacking: Reason | None

    @property
    def share(self) -> Share:
        """Return the rate as a share of independent trials.

        Rows of one person may all say the same, so no more trials are claimed than people. That
        is the safe end; a bootstrap by person could later win some certainty back.
        """
        return Share.of(self.rate, min(self.rows, self.people))

    def figure(self, confidence: float) -> Figure:
        """Return the estimate with its exact interval, or why there is none."""
        if self.lacking is not None:
            return NotEstimable(self.lacking, self.rows, self.people)
        ends = clopper_pearson(self.share, confidence)
        return Estimate(self.rate, ends.low, ends.high, self.rows)


def observe(partition: Partition, minimums: Minimums) -> dict[Metric, tuple[Observation, ...]]:
    """Observe every metric in every group."""
    rates, sizes = group_rates(partition), denominators(partition)
    seen = partition.people_in_group > 0
    return {
        metric: tuple(
            Observation(group, rate, rows, people, _lacking(bool(here), rows, people, minimums))
            for group, here, rate, rows, people in zip(
                partition.groups,
                seen,
                rates[metric].tolist(),
                sizes[metric][0].tolist(),
                sizes[metric][1].tolist(),
                strict=True,
            )
        )
        for metric in Metric
    }


def _lacking(is_seen: bool, rows: int, people: int, minimums: Minimums) -> Reason | None:
    return minimums.shortfall(rows, people) if is_seen else Reason.NOBODY
