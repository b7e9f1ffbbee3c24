"""What is said of groups and of confidence; light enough for any process to import."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from governance.fairness.estimates import Figure, Minimums, Verdict

Group: TypeAlias = tuple[str, ...]


class Metric(StrEnum):
    """Name the rates that are compared."""

    SELECTION_RATE = "selection_rate"
    ERROR_RATE = "error_rate"
    FALSE_POSITIVE_RATE = "false_positive_rate"
    FALSE_NEGATIVE_RATE = "false_negative_rate"


@dataclass(frozen=True, slots=True)
class Rules:
    """Set what the report demands before it speaks."""

    minimums: Minimums = field(default_factory=Minimums)
    significance: float = 0.05
    power: float = 0.8
    four_fifths: float = 0.8


@dataclass(frozen=True, slots=True)
class GroupRates:
    """Hold the rates of one group; no attributes means everyone together."""

    attributes: tuple[str, ...]
    group: Group
    rows: int
    people: int
    rates: dict[Metric, Figure]

    @property
    def name(self) -> str:
        """Name the group for a person."""
        return ", ".join(self.group) or "everyone"


@dataclass(frozen=True, slots=True)
class Gap:
    """Hold how far one rate differs between the groups of one attribute or intersection.

    `difference` is first minus second, for the pair of groups with the strongest evidence; its
    interval and `p_value` already allow for the `comparisons` that this pair was chosen from.
    `adjusted_p_value` allows for all questions of the report as well, and alone decides the
    verdict. `widest` is the largest minus the smallest estimable rate. `detectable` is the
    smallest difference that this pair would have shown with the declared power; None where even
    the largest possible one might have gone unseen.
    """

    attributes: tuple[str, ...]
    metric: Metric
    difference: Figure
    first: Group | None
    second: Group | None
    widest: float | None
    comparisons: int
    p_value: float | None
    adjusted_p_value: float | None
    detectable: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ImpactRatio:
    """Hold the lowest over the highest selection rate: information, never a finding.

    Many small groups with one true rate break the four-fifths rule nearly always.
    """

    attributes: tuple[str, ...]
    ratio: Figure
    lowest: Group | None
    highest: Group | None
    below_threshold: bool | None


@dataclass(frozen=True, slots=True)
class GroupReport:
    """Hold rates by group, gaps with verdicts, and ratios, with the rules that made them."""

    method: str
    version: int
    rules: Rules
    reference: dict[str, str]
    everyone: GroupRates
    groups: tuple[GroupRates, ...]
    gaps: tuple[Gap, ...]
    impact_ratios: tuple[ImpactRatio, ...]


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Hold the mean confidence of cases of like confidence, and how often they were right."""

    said: float
    was_right: Figure
