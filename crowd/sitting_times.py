"""How long work goes on without rest: what counts, and what is a break."""

from datetime import datetime, timedelta

# Between two signs of life no more is counted: beyond it nobody knows what the person did.
LONGEST_GAP = timedelta(seconds=30)
# So long without work is a break, and so long ends a sitting.
BREAK = timedelta(minutes=5)
REST = timedelta(hours=1)


def credited_seconds(
    claimed: float,
    *,
    given_at: datetime,
    beat_seconds: float,
    last_beat_at: datetime | None,
    now: datetime,
) -> float:
    """Return how much of the time that an answer claims counts as work.

    claimed: as the client says, in seconds. beat_seconds: what its signs of life counted so far.
    No more counts than since the task was given, nor than the signs of life and one gap after
    the last; without any sign, as from a program, one gap is all that is believed.
    """
    unseen = min(now - (last_beat_at or given_at), LONGEST_GAP).total_seconds()
    held = (now - given_at).total_seconds()
    return max(min(claimed, held, beat_seconds + max(unseen, 0.0)), 0.0)


def rests_until(
    *,
    cap_minutes: int | None,
    sitting_seconds: float | None,
    last_beat_at: datetime | None,
    now: datetime,
) -> datetime | None:
    """Return until when somebody rests who has worked as long as a sitting may last, or None."""
    if cap_minutes is None or sitting_seconds is None or last_beat_at is None:
        return None
    rested_at = last_beat_at + REST
    is_full = sitting_seconds >= cap_minutes * 60
    return rested_at if is_full and now < rested_at else None
