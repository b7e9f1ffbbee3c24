"""How long work goes on without rest: what counts, and what is a break."""

from datetime import datetime, timedelta

# Between two signs of life no more is counted: beyond it nobody knows what the person did.
LONGEST_GAP = timedelta(seconds=30)
# So long without work is a break, and so long ends a sitting.
BREAK = timedelta(minutes=5)
REST = timedelta(hours=1)


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
