"""Answers that are kept, so that a request sent twice takes effect once."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.unit_of_work import UnitOfWork

LONGEST_KEY = 200


class KeptAnswer(SQLModel, table=True):
    """What was answered to one idempotency key of one account."""

    __tablename__ = "kept_answer"

    account_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_digest: str
    status: int
    body: str
    created_at: datetime = Field(index=True)


def kept_answer(
    uow: UnitOfWork, *, account_id: UUID, key: str, request_digest: str
) -> KeptAnswer | None:
    """Return the answer given to this key before, or refuse a key reused for another request."""
    kept = uow.session.exec(
        select(KeptAnswer).where(col(KeptAnswer.account_id) == account_id, KeptAnswer.key == key)
    ).first()
    if kept is not None and kept.request_digest != request_digest:
        raise Conflict("This idempotency key was used before, for another request.")
    return kept


def keep_answer(
    uow: UnitOfWork, *, account_id: UUID, key: str, request_digest: str, status: int, body: str
) -> None:
    """Keep an answer in the transaction of its effect: both are stored, or neither is."""
    uow.session.add(
        KeptAnswer(
            account_id=account_id,
            key=key,
            request_digest=request_digest,
            status=status,
            body=body,
            created_at=clock.now(),
        )
    )
    uow.session.flush()  # two requests at once: the second fails here, before its commit


def forget_answers(uow: UnitOfWork, *, about: Collection[UUID]) -> int:
    """Delete the kept answers of these accounts, and those that speak of these ids."""
    theirs = [col(KeptAnswer.account_id).in_(about)]
    named = [col(KeptAnswer.body).contains(str(one)) for one in about]
    return uow.session.exec(sa.delete(KeptAnswer).where(sa.or_(*theirs, *named))).rowcount
