"""An empty database of each kind, and the history of revisions to lead it through."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

from folkmoot.kernel.db import make_engine
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.schema import migrations_dir, newest_revision
from folkmoot.runtime.postgres import TemporaryPostgres

# What a later migration will do: a table with rows is made anew, a constraint changes.
ONE_MORE = """
import sqlalchemy as sa
from alembic import op

revision = "one_more"
down_revision = "{newest}"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("project") as table:
        table.add_column(sa.Column("subtitle", sa.String(), nullable=False, server_default=""))
        table.alter_column("pay_minor", type_=sa.BigInteger())
        table.drop_constraint(op.f("ck_project_confidence_is_a_share"), type_="check")


def downgrade():
    with op.batch_alter_table("project") as table:
        table.create_check_constraint(
            op.f("ck_project_confidence_is_a_share"), "confidence > 0 AND confidence <= 1"
        )
        table.alter_column("pay_minor", type_=sa.Integer())
        table.drop_column("subtitle")
"""


class History:
    """The revisions in order, and a database that is led through them."""

    def __init__(self, engine: Engine, more: Path | None = None) -> None:
        self.engine = engine
        self._config = Config()
        self._config.set_main_option("script_location", str(migrations_dir()))
        if more is not None:
            places = f"{migrations_dir() / 'versions'}\n{more}"
            self._config.set_main_option("path_separator", "newline")
            self._config.set_main_option("version_locations", places)

    def revisions(self) -> list[str]:
        """Return every revision, the oldest first."""
        script = ScriptDirectory.from_config(self._config)
        return [one.revision for one in script.walk_revisions()][::-1]

    def up_to(self, revision: str) -> None:
        with self.engine.connect() as connection:
            self._config.attributes["connection"] = connection
            command.upgrade(self._config, revision)

    def down_to(self, revision: str) -> None:
        with self.engine.connect() as connection:
            self._config.attributes["connection"] = connection
            command.downgrade(self._config, revision)

    def check(self) -> None:
        """Raise where the database differs from the tables in the code."""
        with self.engine.connect() as connection:
            self._config.attributes["connection"] = connection
            command.check(self._config)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables, of each kind."""
    if request.param == "sqlite":
        made = make_engine(f"sqlite:///{tmp_path / 'folkmoot.sqlite'}")
        yield made
        made.dispose()
        return
    server: TemporaryPostgres = request.getfixturevalue("postgres_server")
    name = f"migrations_{new_id().hex}"
    made = make_engine(server.create_database(name))
    yield made
    made.dispose()
    server.drop_database(name)


@pytest.fixture
def history(engine: Engine) -> History:
    """The revisions as they are."""
    return History(engine)


@pytest.fixture
def longer_history(engine: Engine, tmp_path: Path) -> History:
    """The revisions, and one more that makes a table with rows anew."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "one_more.py").write_text(ONE_MORE.format(newest=newest_revision()))
    return History(engine, folder)
