"""What an erasure leaves undone, the sweep does: files that are still there, rows in the pages."""

import pytest
import sqlalchemy as sa

from audit.forgotten_files import delete_forgotten_files
from audit.models import ForgottenFile
from folkmoot.jobs.retaining import AfterErasures
from folkmoot.kernel import clock
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.scrubbing import tidy_database


def test_the_sweep_deletes_the_files_that_a_crash_left(services):
    digest = services.artifacts.put(b"Maria Rossi of Bari")
    with services.unit_of_work() as uow:
        uow.session.add(ForgottenFile(digest=digest, asked_at=clock.now()))
    AfterErasures().run(services)
    assert not any(path.is_file() for path in services.artifacts._path(digest).parent.glob("*"))
    assert delete_forgotten_files(services.engine, forget_file=pytest.fail) == 0


def test_rows_that_were_erased_leave_their_pages_without_a_lock(postgres_server):
    engine = make_engine(postgres_server.create_database("tidied"))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE words (id int, said text)"))
        connection.execute(
            sa.text("INSERT INTO words SELECT n, 'Maria' FROM generate_series(1, 500) n")
        )
        connection.execute(sa.text("DELETE FROM words WHERE id > 1"))
    with engine.connect() as reader:
        assert reader.execute(sa.text("SELECT count(*) FROM words")).scalar_one() == 1
        size = sa.text("SELECT pg_relation_size('words')")
        before = reader.execute(size).scalar_one()
        tidy_database(engine, tables=["words"])
        assert reader.execute(size).scalar_one() <= before
    # PostgreSQL says itself that it has been here.
    with engine.connect() as connection:
        assert connection.execute(
            sa.text(
                "SELECT last_vacuum IS NOT NULL FROM pg_stat_user_tables WHERE relname = 'words'"
            )
        ).scalar_one()
    engine.dispose()
