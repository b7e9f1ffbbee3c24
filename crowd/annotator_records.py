"""What is written to an annotator's record: all of one transaction in one statement."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.searching import Searched
from crowd.tables import RECORD
from crowd.tallies import Tally
from folkmoot.kernel.statements import Statement

_TALLY_COLUMNS = tuple(Tally.__dataclass_fields__)
_SEARCH_COLUMNS = ("cursors", "searched_anew_at")


def write_record(
    connection: Connection,
    *,
    project_id: UUID,
    annotator_id: UUID,
    tally: Tally | None = None,
    searched: Searched | None = None,
) -> None:
    """Write what is given to a record that the caller has locked."""
    values: dict[str, object] = {}
    if tally is not None:
        values |= {name: getattr(tally, name) for name in _TALLY_COLUMNS}
    if searched is not None:
        values |= {"cursors": searched.cursors, "searched_anew_at": searched.searched_anew_at}
    if values:
        statement = _UPDATES[tally is not None, searched is not None]
        statement.later(
            connection, {**values, "of_project": project_id, "of_annotator": annotator_id}
        )


def _update() -> sa.Update:
    return sa.update(RECORD).where(
        RECORD.c.project_id == sa.bindparam("of_project"),
        RECORD.c.annotator_id == sa.bindparam("of_annotator"),
    )


_UPDATES = {
    (True, False): Statement(_update(), sets=_TALLY_COLUMNS),
    (False, True): Statement(_update(), sets=_SEARCH_COLUMNS),
    (True, True): Statement(_update(), sets=(*_TALLY_COLUMNS, *_SEARCH_COLUMNS)),
}
