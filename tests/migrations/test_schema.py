from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from folkmoot.kernel import schema
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.errors import ConfigurationError


def _version_with_one_more_revision(folder: Path) -> Path:
    """Return the migrations of a later version of Folkmoot."""
    later = folder / "later"
    (later / "versions").mkdir(parents=True)
    (later / "env.py").write_bytes((schema.migrations_dir() / "env.py").read_bytes())
    for place in (schema.migrations_dir() / "versions", folder / "more"):
        for script in place.glob("*.py"):
            (later / "versions" / script.name).write_bytes(script.read_bytes())
    return later


def test_an_upgraded_database_is_accepted(engine: Engine) -> None:
    schema.upgrade_database(engine)

    schema.require_current_schema(engine)


def test_an_empty_database_is_refused(engine: Engine) -> None:
    with pytest.raises(ConfigurationError, match=r"^The.* database .+ Run `folkmoot db"):
        schema.require_current_schema(engine)


def test_a_database_of_a_newer_version_is_refused_and_not_touched(engine: Engine) -> None:
    schema.upgrade_database(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from_tomorrow'")

    for refused in (schema.require_current_schema, schema.upgrade_database):
        with pytest.raises(ConfigurationError, match="from_tomorrow, which this version"):
            refused(engine)


def test_a_database_of_an_older_version_is_refused(
    longer_history, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    later = _version_with_one_more_revision(tmp_path)
    schema.upgrade_database(engine)
    monkeypatch.setattr(schema, "_PLACES", (later,))

    with pytest.raises(ConfigurationError, match=r"needs one_more\. Run `folkmoot db upgrade`\.$"):
        schema.require_current_schema(engine)


def test_a_file_that_is_no_database_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "folkmoot.sqlite").mkdir()
    engine = make_engine(f"sqlite:///{tmp_path / 'folkmoot.sqlite'}")

    with pytest.raises(ConfigurationError, match=r"^The database cannot be opened: [^\n]+\.$"):
        schema.require_current_schema(engine)
