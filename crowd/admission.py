"""Whether an annotator may be given a task now, by the project's state and its limits."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.desk import Desk, desk_of_locked
from crowd.models import ContentFlag, ProjectState, Standing
from crowd.sitting_times import REST, rests_until
from crowd.tables import PREFERENCES, WORK_DAY, insert_unless_there
from folkmoot.kernel.errors import Conflict, NotNow
from folkmoot.kernel.statements import Statement

FLAG_WORDS: dict[ContentFlag, str] = {
    ContentFlag.VIOLENCE: "violence",
    ContentFlag.SEXUAL: "sexual content",
    ContentFlag.SELF_HARM: "self-harm",
    ContentFlag.HATE: "hate",
    ContentFlag.MEDICAL: "medical images or accounts",
    ContentFlag.OTHER: "other content that may be hard to look at",
}


def check_admission(desk: Desk, now: datetime) -> None:
    """Refuse, with the reason for the annotator to read, unless they may have a task at `now`.

    Conflict says that the project hands out nothing to anyone; NotNow, that this person may go
    on after a rest, or once they have opted in.
    """
    _refuse_unless_open(desk)
    if desk.standing is Standing.PAUSED:
        raise NotNow(f"Your work in this project is paused. {desk.standing_reason}".strip())
    missing = flags_missing(desk.content_flags, desk.accepted_flags)
    if missing:
        raise NotNow(opt_in_sentence(missing))
    limit = _limit(desk, now)
    if limit is not None:
        raise limit


def desk_alone(connection: Connection, desk: Desk, now: datetime) -> Desk:
    """Return the desk as it stays until the commit, where the limit of a person is at stake.

    What they opted in to and how many sensitive tasks they had today are theirs in all projects,
    so one request at a time may look and hand out. It does not wait for another, which may wait
    for the record that is held here.
    """
    if not desk.content_flags or desk.accepted_flags is None:
        return desk
    if _LOCK_PREFERENCES.first(connection, {"annotator_id": desk.annotator_id}) is None:
        raise NotNow(
            "Another request of yours has not ended yet. Ask again.",
            retry_at=now + timedelta(seconds=1),
        )
    return desk_of_locked(connection, desk.project_id, desk.annotator_id, now)


def count_sensitive(connection: Connection, desk: Desk, now: datetime) -> None:
    """Count one sensitive task that is handed out, towards the limit of the day."""
    if not desk.content_flags:
        return
    key = {"annotator_id": desk.annotator_id, "day": now.date(), "project_id": desk.project_id}
    insert_unless_there(
        connection,
        WORK_DAY,
        **key,
        n_labels=0,
        n_sensitive=0,
        active_seconds=0.0,
        earned_minor=0,
        currency=desk.currency,
    )
    connection.execute(_ONE_MORE_SENSITIVE, {f"of_{name}": value for name, value in key.items()})


def flags_missing(flags: Iterable[str], accepted: Iterable[str] | None) -> list[ContentFlag]:
    """Return the content flags that an annotator has not opted in to, in their fixed order."""
    lacking = set(flags) - set(accepted or ())
    return [flag for flag in ContentFlag if flag.value in lacking]


def flag_words(flags: Iterable[str]) -> str:
    """Return content flags in words, as part of a sentence."""
    words = [FLAG_WORDS[ContentFlag(flag)] for flag in flags]
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def opt_in_sentence(missing: Iterable[str]) -> str:
    """Say which content an annotator would have to opt in to, and where."""
    return (
        f"These tasks may show {flag_words(missing)}. They are given only to those who chose "
        "so: you can opt in at “Work” or at “My work”, and out again at any time."
    )


def _refuse_unless_open(desk: Desk) -> None:
    if desk.state is ProjectState.OPEN:
        return
    if desk.pay_alarm_at is not None:
        raise Conflict(UNDERPAID)
    raise Conflict(f"This project is {desk.state.value}: it hands out no tasks now.")


def _limit(desk: Desk, now: datetime) -> NotNow | None:
    return day_limit(
        desk.content_flags,
        per_day=desk.sensitive_per_day,
        n_today=desk.n_sensitive_today,
        now=now,
    ) or sitting_limit(
        cap_minutes=desk.session_cap_minutes,
        sitting_seconds=desk.sitting_seconds,
        last_beat_at=desk.last_beat_at,
        now=now,
    )


def day_limit(
    flags: Collection[str], *, per_day: int | None, n_today: int, now: datetime
) -> NotNow | None:
    """Return the refusal of somebody who has had a day's share of sensitive tasks, or None."""
    if not flags or per_day is None or n_today < per_day:
        return None
    tomorrow = datetime.combine(now.date() + timedelta(days=1), time.min, tzinfo=UTC)
    tasks = "task" if n_today == 1 else "tasks"
    return NotNow(
        f"You have had {n_today} sensitive {tasks} today: that is the most for one day here. "
        "It goes on tomorrow from 00:00 UTC.",
        retry_at=tomorrow,
    )


def sitting_limit(
    *,
    cap_minutes: int | None,
    sitting_seconds: float | None,
    last_beat_at: datetime | None,
    now: datetime,
) -> NotNow | None:
    """Return the refusal of somebody who has worked as long as a sitting may last, or None."""
    until = rests_until(
        cap_minutes=cap_minutes,
        sitting_seconds=sitting_seconds,
        last_beat_at=last_beat_at,
        now=now,
    )
    if until is None:
        return None
    return NotNow(rest_sentence(cap_minutes or 0, until), retry_at=until)


def rest_sentence(cap_minutes: int, until: datetime) -> str:
    """Say that a sitting has lasted long enough, and when the next may begin."""
    return (
        f"A sitting lasts {cap_minutes} minutes in this project, and yours has lasted as long. "
        f"Rest for {int(REST.total_seconds() // 60)} minutes: from {until:%H:%M} UTC you can "
        "go on."
    )


UNDERPAID = (
    "This project is paused: it paid less than it promised. What you earned stays yours, and an "
    "answer to a task that you hold is still kept and paid."
)

_LOCK_PREFERENCES = Statement(
    sa.select(PREFERENCES.c.annotator_id)
    .where(PREFERENCES.c.annotator_id == sa.bindparam("annotator_id"))
    .with_for_update(skip_locked=True)
)
_ONE_MORE_SENSITIVE = (
    sa.update(WORK_DAY)
    .where(
        WORK_DAY.c.annotator_id == sa.bindparam("of_annotator_id"),
        WORK_DAY.c.day == sa.bindparam("of_day"),
        WORK_DAY.c.project_id == sa.bindparam("of_project_id"),
    )
    .values(n_sensitive=WORK_DAY.c.n_sensitive + 1)
)
