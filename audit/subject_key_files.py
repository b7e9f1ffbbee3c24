"""The keys of people as a file of their own, apart from the backup of the database.

A backup of the database is kept for years, and leaves the table of keys out. The keys go to one
small file, wrapped as they are, which is written anew each day and whose older versions are thrown
away soon. So an old backup opens only with the newest keys, and whoever was erased has none there.
"""

import json
import os
import tempfile
from base64 import b64decode, b64encode
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlmodel import col, select

from audit.models import SubjectKey
from audit.subject_keys import SUBJECT_KEY
from folkmoot.kernel.core_tables import INSERTS
from folkmoot.kernel.errors import ConfigurationError
from folkmoot.kernel.statements import Statement
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = ["load_keys", "write_keys"]

_KEEP = {
    name: Statement(insert(SUBJECT_KEY).on_conflict_do_nothing())
    for name, insert in INSERTS.items()
}


def write_keys(uow: UnitOfWork, path: Path) -> int:
    """Write everybody's wrapped key to a file, in place of what it held; return how many."""
    n_keys = 0
    statement = select(SubjectKey).order_by(col(SubjectKey.person_id))
    with tempfile.NamedTemporaryFile(
        "w", encoding="ascii", dir=path.parent, delete=False
    ) as partial:
        for n_keys, one in enumerate(uow.session.exec(statement), 1):  # noqa: B007  # counted
            partial.write(json.dumps(_as_line(one)) + "\n")
        partial.flush()
        os.fsync(partial.fileno())
    Path(partial.name).replace(path)
    return n_keys


def load_keys(uow: UnitOfWork, path: Path) -> int:
    """Put the keys of a file into a database that was brought back; return how many are new."""
    try:
        keys = [_as_key(line) for line in path.read_text(encoding="ascii").splitlines()]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ConfigurationError(f"The file {path} holds no keys of people: {error}.") from error
    keep = _KEEP[uow.connection.dialect.name]
    return sum(keep.run(uow.connection, key.model_dump()) for key in keys)


def _as_line(one: SubjectKey) -> dict[str, str]:
    return {
        "person": str(one.person_id),
        "wrapped": b64encode(one.wrapped).decode("ascii"),
        "wrapped_by": one.wrapped_by,
        "made_at": one.made_at.isoformat(),
    }


def _as_key(line: str) -> SubjectKey:
    said = json.loads(line)
    return SubjectKey(
        person_id=UUID(said["person"]),
        wrapped=b64decode(said["wrapped"], validate=True),
        wrapped_by=str(said["wrapped_by"]),
        made_at=datetime.fromisoformat(said["made_at"]),
    )
