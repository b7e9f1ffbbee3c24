"""What people are called, for lists that name many of them."""

from collections.abc import Collection
from uuid import UUID

from sqlmodel import col, select

from folkmoot.identity.models import Account
from folkmoot.kernel.unit_of_work import UnitOfWork


def display_names(uow: UnitOfWork, account_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of accounts; one that is not known is missing."""
    statement = select(Account.id, Account.display_name).where(col(Account.id).in_(account_ids))
    return dict(uow.session.exec(statement).all())
