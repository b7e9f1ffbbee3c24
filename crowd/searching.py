"""The search for an annotator's next place, at a cost that does not grow.

Neither the project's size nor the share of it that is done matters: the queue holds only places
that wait. Nor does what the annotator has done: in each lane of the queue the search goes on where
their last one ended, and what becomes available later has a later turn. So each place is passed
over once by each annotator. It is looked at in windows, a bounded number of them at each request.

A place that somebody else is taking at this moment is not passed: they may yet give up. What could
still be missed is looked for anew, a few windows at each search that finds nothing, from the
beginning to the end once in a minute at most.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.desk import Desk
from crowd.models import Purpose
from crowd.places import end_of_lane, lane_of
from crowd.search_statements import COUNT_ALLOWED, FIRST_ALLOWED, LANES, LOOKED_AT
from crowd.tables import RECORD
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.statements import Given, Row

# The first place is nearly always one to have; only a search that meets a long run of places that
# are not (after many priorities were changed, say) looks further.
_FIRST_WINDOW = 8
_WINDOW = 500
_MOST_WINDOWS = 20
_WINDOWS_ANEW = 2
_MOST_LANES_COUNTED = 20
_ANEW_AFTER = timedelta(minutes=1)
_LAST_RANK = 2**62
_FIRST_RANK = -(2**62)
_ANEW = "anew"


@dataclass(frozen=True)
class FoundPlace:
    """A place for one annotator, and the task that it belongs to."""

    task_id: UUID
    number: int
    purpose: Purpose
    external_id: str
    payload: JsonObject
    priority: int
    suggestion: Json | None


@dataclass(frozen=True)
class Searched:
    """What a search found, and from where the next one goes on."""

    place: FoundPlace | None
    cursors: Mapping[str, int]
    searched_anew_at: datetime | None


class Lane(NamedTuple):
    """A lane of the queue, and the last rank that waits in it."""

    number: int
    last_rank: int


def find_place(connection: Connection, desk: Desk, now: datetime) -> Searched:
    """Find and lock the first place that an annotator may have; the caller holds their record."""
    search = _Search(connection, desk, now, cursors_of(desk.cursors))
    found, anew_at = search.in_lanes(), desk.searched_anew_at
    if found is None and desk.first_rank is not None:
        found, anew_at = search.anew()
    return Searched(found, search.cursors, anew_at)


def cursors_of(stored: JsonObject) -> dict[str, int]:
    """Return the cursors of a record: the last rank looked at, by lane."""
    return {name: rank for name, rank in stored.items() if isinstance(rank, int)}


def lanes_from(connection: Connection, project_id: UUID, rank: int) -> list[Lane]:
    """Return the lanes that have places waiting, from the one of a rank on, in their order."""
    rows = LANES.all(connection, {"project_id": project_id, "first_rank": rank})
    return [Lane(lane_of(row.first_rank), row.last_rank) for row in rows]


@dataclass
class _Search:
    """One annotator's search while it runs."""

    connection: Connection
    desk: Desk
    now: datetime
    cursors: dict[str, int]

    def in_lanes(self) -> FoundPlace | None:
        """Look in the first lane that has places, and in those after it where it has none."""
        if self.desk.first_rank is None:
            return None
        # The desk knows the first two; there are seldom more.
        near = self._near_lanes()
        found = self._in_first_of(near)
        if found is not None:
            return found
        lanes = lanes_from(self.connection, self.desk.project_id, self.desk.first_rank)
        self._forget_empty(lanes)
        looked_at = {lane.number for lane in near}
        return self._in_first_of([lane for lane in lanes if lane.number not in looked_at])

    def _near_lanes(self) -> list[Lane]:
        desk = self.desk
        ends = ((desk.first_rank, desk.last_rank), (desk.second_rank, desk.second_last_rank))
        return [
            Lane(lane_of(first), last)
            for first, last in ends
            if first is not None and last is not None
        ]

    def _in_first_of(self, lanes: Iterable[Lane]) -> FoundPlace | None:
        for lane in lanes:
            found = self._in_lane(lane.number) if self._has_news(lane) else None
            if found is not None:
                return found
        return None

    def anew(self) -> tuple[FoundPlace | None, datetime | None]:
        """Look a little further through the whole queue for what was missed."""
        began = self.desk.searched_anew_at
        if _ANEW not in self.cursors:
            if began is not None and self.now - began < _ANEW_AFTER:
                return None, began
            began = self.now
            self.cursors[_ANEW] = _FIRST_RANK
        before = self.cursors[_ANEW]
        found = self._in_windows(_ANEW, until=_LAST_RANK, n_windows=_WINDOWS_ANEW)
        if found is None and self.cursors[_ANEW] == before:
            del self.cursors[_ANEW]  # the end was reached
        return found, began

    def _has_news(self, lane: Lane) -> bool:
        # Of a lane whose last place was looked at, nothing is left to look at.
        return lane.last_rank > self.cursors.get(str(lane.number), _FIRST_RANK)

    def _in_lane(self, lane: int) -> FoundPlace | None:
        self.cursors.setdefault(str(lane), end_of_lane(lane + 1))
        return self._in_windows(str(lane), until=end_of_lane(lane), n_windows=_MOST_WINDOWS)

    def _in_windows(self, cursor: str, *, until: int, n_windows: int) -> FoundPlace | None:
        after = self.cursors[cursor]
        is_held_back = False
        for size in (_FIRST_WINDOW, *[_WINDOW] * (n_windows - 1)):
            asked = self._asked(after, until, size)
            row = FIRST_ALLOWED.first(self.connection, asked)
            [looked_at] = [row] if row is not None else LOOKED_AT.all(self.connection, asked)
            if looked_at.first_allowed is not None and not is_held_back:
                # Found, or somebody else is taking it and may give up: the next look begins here.
                self.cursors[cursor] = looked_at.first_allowed - 1
                is_held_back = True
            if row is not None:
                return _found(row)
            if looked_at.last_rank is None:
                break
            after = looked_at.last_rank
            if not is_held_back:
                self.cursors[cursor] = after
        return None

    def _forget_empty(self, lanes: Sequence[Lane]) -> None:
        # What comes into an empty lane later is all new, so its cursor is of no more use.
        there = {str(lane.number) for lane in lanes}
        for name in self.cursors.keys() - there - {_ANEW}:
            del self.cursors[name]

    def _asked(self, after: int, until: int, size: int) -> Given:
        return {
            "project_id": self.desk.project_id,
            "annotator_id": self.desk.annotator_id,
            "now": self.now,
            "after": after,
            "until": until,
            "size": size,
        }


def count_waiting(
    connection: Connection, *, project_id: UUID, annotator_id: UUID, now: datetime, at_most: int
) -> int:
    """Count the tasks that wait for an annotator beyond their cursors, and stop at a limit."""
    stored = connection.execute(
        sa.select(RECORD.c.cursors).where(
            RECORD.c.project_id == project_id, RECORD.c.annotator_id == annotator_id
        )
    ).scalar()
    cursors = cursors_of(stored or {})
    asked = {"project_id": project_id, "annotator_id": annotator_id, "now": now, "size": _WINDOW}
    count = 0
    for lane in lanes_from(connection, project_id, _FIRST_RANK)[:_MOST_LANES_COUNTED]:
        after = cursors.get(str(lane.number), end_of_lane(lane.number + 1))
        [counted] = COUNT_ALLOWED.all(
            connection, {**asked, "after": after, "until": lane.last_rank}
        )
        count += counted.n_tasks
        if count >= at_most:
            return at_most
    return count


def _found(row: Row) -> FoundPlace:
    return FoundPlace(
        task_id=row.task_id,
        number=row.number,
        purpose=row.purpose,
        external_id=row.external_id,
        payload=row.payload,
        priority=row.priority,
        suggestion=row.suggestion,
    )
