"""The statements of the search for a place, built once; see `crowd.searching` for their use."""

import sqlalchemy as sa

from crowd.models import LeaseState
from crowd.places import TURN_BITS
from crowd.tables import LEASE, PLACE, TASK
from folkmoot.kernel.statements import Statement


def _waits(place: sa.FromClause) -> sa.ColumnElement[bool]:
    """Say that a place of :project_id waits in the queue."""
    return sa.and_(
        place.c.project_id == _PROJECT_ID, place.c.label_id.is_(None), place.c.rank.is_not(None)
    )


def _is_allowed(place: sa.FromClause) -> sa.ColumnElement[bool]:
    """Say that :annotator_id may have a place: they did not answer, skip or hold its task."""
    done_with = sa.select(1).where(
        LEASE.c.annotator_id == _ANNOTATOR_ID,
        LEASE.c.task_id == place.c.task_id,
        sa.or_(
            LEASE.c.state.in_([LeaseState.LABELLED, LeaseState.SKIPPED]),
            sa.and_(LEASE.c.state == LeaseState.HELD, LEASE.c.expires_at > sa.bindparam("now")),
        ),
    )
    other = PLACE.alias()
    # A lease that ran out leaves them this other place until it is returned to the queue.
    another = sa.select(1).where(
        other.c.task_id == place.c.task_id, other.c.annotator_id == _ANNOTATOR_ID
    )
    return _is_empty(done_with) & _is_empty(another)


def _is_empty(rows: sa.Select[int]) -> sa.ColumnElement[bool]:
    """Say that there are no such rows, by a look for each place.

    NOT EXISTS would leave PostgreSQL the choice to read all that the annotator ever had, and where
    its statistics are old, as in a project that has just begun, it takes it.
    """
    return rows.limit(1).scalar_subquery().is_(None)


def _after_cursor(place: sa.FromClause) -> sa.ColumnElement[bool]:
    return _waits(place) & (place.c.rank > sa.bindparam("after", type_=sa.BigInteger))


def _end_of_window() -> sa.ScalarSelect[int]:
    """Return the rank after :size places beyond the cursor, or none where there are fewer."""
    place = PLACE.alias()
    return (
        sa.select(place.c.rank)
        .where(_after_cursor(place), place.c.rank <= _UNTIL)
        .order_by(place.c.rank, place.c.number)
        .offset(sa.bindparam("size", type_=sa.Integer))
        .limit(1)
        .scalar_subquery()
    )


def _in_window(place: sa.FromClause) -> sa.ColumnElement[bool]:
    return _after_cursor(place) & (place.c.rank <= sa.func.coalesce(_end_of_window(), _UNTIL))


def _first_allowed() -> sa.Select[*tuple[object, ...]]:
    earlier = PLACE.alias()
    # Of the places up to the one that is locked here, the first that the annotator may have:
    # where somebody else is taking that one, the next search looks at it again.
    first_allowed = (
        sa.select(earlier.c.rank)
        .where(_after_cursor(earlier), earlier.c.rank <= PLACE.c.rank, _is_allowed(earlier))
        .order_by(earlier.c.rank)
        .limit(1)
        .correlate(PLACE)
        .scalar_subquery()
    )
    return (
        sa.select(
            PLACE.c.task_id,
            PLACE.c.number,
            PLACE.c.purpose,
            TASK.c.external_id,
            TASK.c.payload,
            TASK.c.priority,
            TASK.c.suggestion,
            first_allowed.label("first_allowed"),
        )
        .join_from(PLACE, TASK, TASK.c.id == PLACE.c.task_id)
        .where(_in_window(PLACE), _is_allowed(PLACE))
        .order_by(PLACE.c.rank, PLACE.c.number)
        .limit(1)
        .with_for_update(of=PLACE, skip_locked=True)
    )


def _looked_at() -> sa.Select[*tuple[object, ...]]:
    allowed, last = PLACE.alias(), PLACE.alias()
    first_allowed = (
        sa.select(allowed.c.rank)
        .where(_in_window(allowed), _is_allowed(allowed))
        .order_by(allowed.c.rank)
        .limit(1)
        .scalar_subquery()
    )
    last_of_all = (
        sa.select(last.c.rank)
        .where(_after_cursor(last), last.c.rank <= _UNTIL)
        .order_by(last.c.rank.desc())
        .limit(1)
        .scalar_subquery()
    )
    last_rank = sa.func.coalesce(_end_of_window(), last_of_all)
    return sa.select(first_allowed.label("first_allowed"), last_rank.label("last_rank"))


def _count_allowed() -> sa.Select[*tuple[object, ...]]:
    tasks = sa.select(PLACE.c.task_id).where(_in_window(PLACE), _is_allowed(PLACE)).distinct()
    return sa.select(sa.func.count().label("n_tasks")).select_from(tasks.subquery())


def _lanes() -> sa.Select[*tuple[object, ...]]:
    """Go from lane to lane by the index, each with its first and its last rank."""
    first, following = PLACE.alias(), PLACE.alias()
    lanes = sa.select(
        _lowest(first, first.c.rank >= sa.bindparam("first_rank")).label("first_rank")
    ).cte("lanes", recursive=True)
    end = _next_lane(lanes.c.first_rank)
    lanes = lanes.union_all(
        sa.select(_lowest(following, following.c.rank >= end)).where(
            lanes.c.first_rank.is_not(None)
        )
    )
    last_rank = _last_before(_next_lane(lanes.c.first_rank)).label("last_rank")
    return sa.select(lanes.c.first_rank, last_rank).where(lanes.c.first_rank.is_not(None))


def first_rank() -> sa.ScalarSelect[int]:
    """Return where the queue of :project_id begins."""
    return _lowest(PLACE.alias())


def last_rank_of_first_lane() -> sa.ScalarSelect[int]:
    """Return where the first lane of :project_id ends."""
    return _last_before(_next_lane(first_rank()))


def first_rank_of_second_lane() -> sa.ScalarSelect[int]:
    """Return where the second lane of :project_id begins."""
    place = PLACE.alias()
    return _lowest(place, place.c.rank >= _next_lane(first_rank()))


def last_rank_of_second_lane() -> sa.ScalarSelect[int]:
    """Return where the second lane of :project_id ends."""
    return _last_before(_next_lane(first_rank_of_second_lane()))


def _lowest(place: sa.FromClause, *where: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    lowest = sa.select(place.c.rank).where(_waits(place), *where).order_by(place.c.rank).limit(1)
    return lowest.correlate_except(place).scalar_subquery()


def _last_before(end: sa.ColumnElement[int]) -> sa.ScalarSelect[int]:
    place = PLACE.alias()
    last = sa.select(place.c.rank).where(_waits(place), place.c.rank < end)
    last = last.order_by(place.c.rank.desc()).limit(1)
    return last.correlate_except(place).scalar_subquery()


def _next_lane(rank: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    bits = sa.literal(TURN_BITS, sa.Integer)
    return (rank.bitwise_rshift(bits) + 1).bitwise_lshift(bits)


_PROJECT_ID = sa.bindparam("project_id", type_=sa.Uuid())
_ANNOTATOR_ID = sa.bindparam("annotator_id", type_=sa.Uuid())
_UNTIL = sa.bindparam("until", type_=sa.BigInteger)
# A search follows an answer. What it leaves waiting is no place, and a lease at most whose task
# the place of that answer keeps from its annotator already.
FIRST_ALLOWED = Statement(_first_allowed(), ahead=True)
LOOKED_AT = Statement(_looked_at(), ahead=True)
COUNT_ALLOWED = Statement(_count_allowed())
LANES = Statement(_lanes(), ahead=True)
