"""Tallies: what is counted of one annotator in one project, after each answer."""

from dataclasses import dataclass, fields, replace

from crowd.models import AnnotatorRecord

RECENT_CHECKS = 20


@dataclass(frozen=True)
class Tally:
    """The counters of an annotator's record; the names are those of its columns.

    agreed, compared: sums over answers of how far the others supported it, and of how sure the
        others were; both in answers.
    recent_gold: the latest checks, oldest first, "1" for right and "0" for other.
    fast_run, same_run: how many of the latest answers in a row were too fast, were the same.
    """

    n_labels: int = 0
    gold_seen: int = 0
    gold_right: int = 0
    active_seconds: float = 0.0
    agreed: float = 0.0
    compared: float = 0.0
    recent_gold: str = ""
    fast_run: int = 0
    same_run: int = 0
    last_answer: str = ""


@dataclass(frozen=True)
class Counted:
    """What is counted of one answer.

    answer_mark: a short text that is the same for the same answer.
    was_right: None where the answer was no check.
    support, certainty: how far the others' answers support this one, and how sure they are, each
        0 to 1; None where there were no others.
    """

    answer_mark: str
    active_seconds: float
    is_fast: bool
    was_right: bool | None
    support: float | None = None
    certainty: float | None = None


def tally_after(tally: Tally, counted: Counted) -> Tally:
    """Return the tally with one more answer in it."""
    checked = tally if counted.was_right is None else _with_check(tally, counted.was_right)
    return replace(
        checked,
        n_labels=tally.n_labels + 1,
        active_seconds=tally.active_seconds + counted.active_seconds,
        fast_run=tally.fast_run + 1 if counted.is_fast else 0,
        same_run=tally.same_run + 1 if counted.answer_mark == tally.last_answer else 1,
        last_answer=counted.answer_mark,
        agreed=tally.agreed + (counted.support or 0.0) * (counted.certainty or 0.0),
        compared=tally.compared + (counted.certainty or 0.0),
    )


def tally_of(record: AnnotatorRecord) -> Tally:
    """Read the tally out of an annotator's record."""
    return Tally(**{field.name: getattr(record, field.name) for field in fields(Tally)})


def _with_check(tally: Tally, was_right: bool) -> Tally:
    return replace(
        tally,
        gold_seen=tally.gold_seen + 1,
        gold_right=tally.gold_right + int(was_right),
        recent_gold=(tally.recent_gold + str(int(was_right)))[-RECENT_CHECKS:],
    )
