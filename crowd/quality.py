"""What is believed of an annotator from the gold they answered, quick enough for every label."""

from crowd.aggregation import NEWCOMER


def expected_reliability(*, gold_right: int, gold_seen: int) -> float:
    """Return the expected share of right answers: the mean of `reliability_from_gold`."""
    return (NEWCOMER.right + gold_right) / (sum(NEWCOMER) + gold_seen)
