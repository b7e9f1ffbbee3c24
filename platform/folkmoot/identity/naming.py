"""What people are called, for pages that speak of them: by account, or by a pseudonym."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlmodel import col, func, select

from audit.models import ActorCounter
from folkmoot.identity.models import Account
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.unit_of_work import UnitOfWork

PSEUDONYM = "person "
SHOWN_DIGITS = 6


def names_of(uow: UnitOfWork, account_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Return a name for each id; who has no account, or none any more, gets a pseudonym."""
    wanted = set(account_ids)
    rows = uow.session.exec(
        select(Account.id, Account.display_name).where(col(Account.id).in_(wanted))
    )
    known = {PLATFORM.id: PLATFORM.name, **dict(rows.all())}
    return {each: known.get(each) or pseudonym(each) for each in wanted}


def pseudonym(account_id: UUID) -> str:
    """Return a name that tells people apart and says nothing else of them."""
    # The last digits of a UUIDv7 are random; the first ones say when the account was made.
    return f"{PSEUDONYM}{account_id.hex[-SHOWN_DIGITS:]}"


def account_called(uow: UnitOfWork, text: str) -> UUID | None:
    """Return the account of an id, an e-mail address or a name as typed; None if none fits."""
    typed = text.strip()
    if typed.casefold() == PLATFORM.name.casefold():
        return PLATFORM.id
    try:
        return UUID(typed)
    except ValueError:
        return _by_words(uow, typed.lower())


def accounts_called(uow: UnitOfWork, text: str) -> set[UUID]:
    """Return whoever may be meant: by id, by address, by a part of a name, or by pseudonym.

    Who has no account any more is found by the pseudonym that pages show.
    """
    typed = text.strip().lower()
    exact = account_called(uow, text)
    named = func.lower(col(Account.display_name)).contains(typed, autoescape=True)
    found = set(uow.session.exec(select(Account.id).where(named))) if typed else set()
    return found | ({exact} if exact else set()) | _by_pseudonym(uow, typed)


def _by_pseudonym(uow: UnitOfWork, typed: str) -> set[UUID]:
    digits = typed.removeprefix(PSEUDONYM).strip()
    if not typed.startswith(PSEUDONYM) or len(digits) != SHOWN_DIGITS:
        return set()
    # Nobody but the log need know them any more.
    known = uow.session.exec(select(ActorCounter.actor_id))
    return {one for one in known if one.hex.endswith(digits)}


def _by_words(uow: UnitOfWork, typed: str) -> UUID | None:
    fits = (col(Account.email) == typed) | (func.lower(Account.display_name) == typed)
    return uow.session.exec(select(Account.id).where(fits).order_by(col(Account.id))).first()
