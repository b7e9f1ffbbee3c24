"""Fresh databases for a measurement: of each kind, with the whole schema, as safe as real ones."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sqlalchemy.engine import Engine

from audit.wrapping_keys import WrappingKeys, give_wrapping_keys
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.schema import upgrade_database
from folkmoot.runtime.postgres import TemporaryPostgres

KINDS = ("sqlite", "postgres")
# Every process of a measurement seals with the same key; what it protects is removed at the end.
WRAPPING_KEYS = WrappingKeys(sha256(b"a measurement").digest())


@contextmanager
def fresh_database(kind: str) -> Iterator[str]:
    """Make an empty database of a kind with the whole schema, and remove it afterwards."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="folkmoot-bench-") as folder:
            yield _with_schema(f"sqlite:///{Path(folder) / 'bench.sqlite'}")
        return
    with TemporaryPostgres(durable=True) as server:
        yield _with_schema(server.create_database("bench"))


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    """Open an engine for a while."""
    engine = make_engine(url)
    give_wrapping_keys(engine, WRAPPING_KEYS)
    try:
        yield engine
    finally:
        engine.dispose()


def _with_schema(url: str) -> str:
    with engine_of(url) as engine:
        upgrade_database(engine)
    return url
