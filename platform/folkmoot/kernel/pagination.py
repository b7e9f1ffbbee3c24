"""Pages by cursor: the last key seen, never an offset, so that rows arriving move nothing."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlmodel.sql.expression import SelectOfScalar

from folkmoot.kernel.errors import InvalidInput
from folkmoot.kernel.unit_of_work import UnitOfWork

Row = TypeVar("Row")
Shown = TypeVar("Shown")

MOST_ROWS = 200


@dataclass(frozen=True)
class PageRequest:
    """Which page is wanted: after which cursor, and how many rows at most."""

    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and the cursor of the next page if there is one."""

    items: Sequence[Row]
    next_cursor: str | None

    def mapped(self, show: Callable[[Row], Shown]) -> "Page[Shown]":
        """Return the same page with each row shown another way."""
        return Page([show(row) for row in self.items], self.next_cursor)


def cursor_of(key: UUID) -> str:
    """Return the opaque cursor that stands for a row's id."""
    return base64.urlsafe_b64encode(key.bytes).decode().rstrip("=")


def key_of(cursor: str) -> UUID:
    """Return the id that a cursor stands for, or refuse a cursor that we did not make."""
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise InvalidInput("The cursor is not one that this server gave out.") from error


def page_by_id(
    uow: UnitOfWork,
    statement: SelectOfScalar[Row],
    *,
    key: Any,  # an InstrumentedAttribute[UUID]; SQLModel types it as the plain UUID
    wanted: PageRequest,
    newest_first: bool = False,
) -> Page[Row]:
    """Return one page of a statement's rows in the order of their UUIDv7 ids."""
    if wanted.cursor is not None:
        after = key_of(wanted.cursor)
        statement = statement.where(key < after if newest_first else key > after)
    statement = statement.order_by(key.desc() if newest_first else key)
    limit = min(max(wanted.limit, 1), MOST_ROWS)
    rows = uow.session.exec(statement.limit(limit + 1)).all()
    more = len(rows) > limit
    items = rows[:limit]
    return Page(items, cursor_of(getattr(items[-1], key.key)) if more else None)
