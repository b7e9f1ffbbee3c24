"""Delete the files that held somebody who was erased, however often that is broken off.

Which files are to go is written down in the transaction of the erasure, and struck off only once
they are gone: whoever comes next, after the commit or at the next sweep, goes on.
"""

import logging
from collections.abc import Callable, Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import col, select

from audit.models import ForgottenFile
from folkmoot.kernel import clock
from folkmoot.kernel.unit_of_work import UnitOfWork, reading, unit_of_work

__all__ = ["delete_forgotten_files", "forget_files"]

log = logging.getLogger(__name__)


def forget_files(
    uow: UnitOfWork, digests: Iterable[str], *, forget_file: Callable[[str], None]
) -> None:
    """Write down which files are to go, and delete them once the transaction has committed."""
    for digest in sorted(digests):
        uow.session.merge(ForgottenFile(digest=digest, asked_at=clock.now()))
    uow.after_commit(lambda: _delete_now(uow.engine, forget_file))


def delete_forgotten_files(engine: Engine, *, forget_file: Callable[[str], None]) -> int:
    """Delete the files that are to go; return how many. Raise OSError where one cannot go."""
    with reading(engine) as uow:
        digests = uow.session.exec(select(ForgottenFile.digest)).all()
    for digest in digests:
        forget_file(digest)
        with unit_of_work(engine) as uow:
            uow.session.exec(sa.delete(ForgottenFile).where(col(ForgottenFile.digest) == digest))
    return len(digests)


def _delete_now(engine: Engine, forget_file: Callable[[str], None]) -> None:
    try:
        delete_forgotten_files(engine, forget_file=forget_file)
    except OSError as error:
        log.warning("A file could not be deleted; the next sweep tries again: %s", error)
