"""What an annotator report says; light enough for any process to import."""

from dataclasses import dataclass
from enum import StrEnum

from governance.fairness.estimates import Figure, Verdict


class Contrast(StrEnum):
    """Name what is compared for each annotator.

    Each contrast compares like with like: within one reference answer, and the first within one
    item group too, so that neither a strict annotator nor a harder pile of items is mistaken for
    a difference in treatment.
    """

    ERRORS_AND_OTHERS = "errors_and_others"
    ERRORS_BETWEEN_ITEM_GROUPS = "errors_between_item_groups"
    LABELS_BETWEEN_ITEM_GROUPS = "labels_between_item_groups"


@dataclass(frozen=True, slots=True)
class AnnotatorRules:
    """Set what the report demands before it speaks of a person."""

    minimum_answers: int = 20
    significance: float = 0.05


@dataclass(frozen=True, slots=True)
class Differs:
    """Hold one contrast of one annotator: first minus second.

    `first` and `second` are item groups; both are None where the others are the second. The
    interval and `p_value` allow for the `comparisons` that this pair was chosen from, the
    adjusted p value for every contrast of every annotator.
    """

    contrast: Contrast
    difference: Figure
    first: str | None
    second: str | None
    comparisons: int
    p_value: float | None
    adjusted_p_value: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class AnnotatorRates:
    """Hold one annotator's error rates and contrasts."""

    annotator: str
    answers: int
    error_rate: Figure
    error_rate_by_item_group: dict[str, Figure]
    label_rate_by_item_group: dict[str, Figure]
    contrasts: tuple[Differs, ...]

    def contrast(self, wanted: Contrast) -> Differs:
        """Return the one asked for."""
        return next(found for found in self.contrasts if found.contrast == wanted)


@dataclass(frozen=True, slots=True)
class AnnotatorReport:
    """Hold every annotator's rates, with the rules that made them."""

    method: str
    version: int
    rules: AnnotatorRules
    positive: str
    item_groups: tuple[str, ...]
    annotators: tuple[AnnotatorRates, ...]

    def differing(self, contrast: Contrast) -> tuple[AnnotatorRates, ...]:
        """Return the annotators with a finding on this contrast."""
        return tuple(
            person
            for person in self.annotators
            if person.contrast(contrast).verdict is Verdict.FINDING
        )
