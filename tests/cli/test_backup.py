"""Backup and restore: everything comes back, and what does not is said."""

import gc
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlmodel import func, select

from audit.actions import Action
from audit.disclosing import disclosed_fields
from audit.models import Entry
from audit.recording import record
from audit.searching import log_health
from folkmoot.bootstrap import Services, bootstrap
from folkmoot.cli.audit import command as audit
from folkmoot.cli.backup import command as backup
from folkmoot.cli.restore import command as restore
from folkmoot.jobs.audit_jobs import seal
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import ConfigurationError, Conflict
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.schema import upgrade_database
from folkmoot.kernel.settings import Settings
from folkmoot.runtime.postgres import TemporaryPostgres

ODILE = Actor(new_id(), "Odile")


@pytest.fixture(params=["sqlite", "postgresql"])
def services(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    """An installation of each kind, with a sealed log and a stored file."""
    url = f"sqlite:///{tmp_path / 'data' / 'folkmoot.sqlite'}"
    if request.param == "postgresql":
        server: TemporaryPostgres = request.getfixturevalue("postgres_server")
        url = server.create_database(f"backup_{new_id().hex}")
    monkeypatch.setenv("FOLKMOOT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FOLKMOOT_DATABASE_URL", url)
    made = bootstrap(Settings())
    upgrade_database(made.engine)
    made.artifacts.put(b"a model")
    override(made, 3)
    yield made
    made.engine.dispose()


def override(services: Services, times: int) -> None:
    for _ in range(times):
        with services.unit_of_work() as uow:
            record(
                uow,
                ODILE,
                Action.REVIEW_OVERRIDDEN,
                subject_type="decision",
                subject_id=new_id(),
                facts={"after": "no"},
                personal={"reason_text": "Seen again."},
            )
    seal(services)


def stopped(services: Services) -> Services:
    """Leave no connection open, as when every process has been stopped."""
    services.engine.dispose()
    gc.collect()  # those of the commands that ran within this process
    return services


def run(command, *arguments: object) -> Result:
    result = CliRunner().invoke(command, [str(one) for one in arguments])
    if isinstance(result.exception, ConfigurationError | Conflict):
        raise result.exception
    return result


def size(services: Services) -> int:
    services.engine.dispose()
    with services.reading() as uow:
        return log_health(uow).size


def test_everything_comes_back_and_verifies(services: Services, tmp_path: Path) -> None:
    folder = tmp_path / "backups" / "monday"
    said = run(backup, folder).output
    assert "the log at size 3" in said
    digest = services.artifacts.put(b"a model")
    (services.artifacts.folder / digest[:2] / digest).unlink()

    if services.engine.dialect.name == "sqlite":
        with pytest.raises(ConfigurationError, match="stop every process of Folkmoot first"):
            run(restore, folder, "--overwrite")
    stopped(services)
    result = run(restore, folder, "--overwrite")

    assert result.exit_code == 1  # the entries are of no reviews, and that is found here as well
    assert "Brought back: the log at size 3, and 3 people's keys." in result.output
    assert "gone" not in result.output
    assert services.artifacts.get(digest) == b"a model"
    with services.reading() as uow:
        entry = uow.session.exec(select(Entry).where(Entry.leaf_index == 0)).one()
        assert disclosed_fields(uow, entry.id)["reason_text"].value == "Seen again."
        recorded = select(func.count()).where(Entry.action == Action.BACKUP_RESTORED)
        assert uow.session.exec(recorded).one() == 1
    seal(services)  # it goes on


def test_no_key_is_in_a_backup(services: Services, tmp_path: Path) -> None:
    folder = tmp_path / "monday"
    run(backup, folder)
    log_key = (services.settings.data_dir / "log-key.txt").read_text().strip().encode()
    with services.reading() as uow:
        wrapped = uow.connection.exec_driver_sql("SELECT wrapped FROM audit_subject_key").first()
    assert wrapped is not None

    written = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())

    assert log_key not in written
    assert bytes(wrapped[0]) not in written
    assert len((tmp_path / "person-keys.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize("services", ["sqlite"], indirect=True)
def test_nothing_is_overwritten_unasked(services: Services, tmp_path: Path) -> None:
    folder = tmp_path / "monday"
    run(backup, folder)

    with pytest.raises(ConfigurationError, match="already; it is kept"):
        run(backup, folder)
    with pytest.raises(ConfigurationError, match="There is a database already"):
        run(restore, folder)
    assert size(services) == 3


@pytest.mark.parametrize("services", ["sqlite"], indirect=True)
def test_an_older_backup_is_refused_and_says_which_entries_would_be_gone(
    services: Services, tmp_path: Path
) -> None:
    folder = tmp_path / "monday"
    run(backup, folder)
    override(services, 2)
    witnessed = tmp_path / "witnessed.txt"
    witnessed.write_text(run(audit, "checkpoint").output)

    with pytest.raises(Conflict, match="was at size 6, this backup is at 3: entries 3 to 5 are"):
        run(restore, folder, "--overwrite")
    assert size(services) == 6
    # The same where this machine's own file is lost, and somebody else kept the checkpoint.
    services.kept_checkpoint.path.unlink()
    with pytest.raises(Conflict, match="entries 3 to 5 are gone"):
        run(restore, folder, "--overwrite", "--checkpoint", witnessed)


def test_a_loss_that_is_accepted_is_recorded_and_the_evidence_is_kept(
    services: Services, tmp_path: Path
) -> None:
    folder = tmp_path / "monday"
    run(backup, folder)
    override(services, 2)

    stopped(services)
    said = run(restore, folder, "--overwrite", "--accept-loss").output

    assert "The log was at size 6: the entries 3 to 5 are gone." in said
    assert size(services) == 3
    seal(services)
    with services.reading() as uow:
        statement = select(Entry.envelope).where(Entry.action == Action.BACKUP_RESTORED)
        (envelope,) = uow.session.exec(statement).all()
    assert b'"facts":{"lost_from":3,"lost_to":5,"size":3}' in envelope
    evidence = services.settings.data_dir / "last-checkpoint.txt.lost-6"
    assert "\n6\n" in evidence.read_text()


@pytest.mark.parametrize("services", ["sqlite"], indirect=True)
def test_a_damaged_backup_is_refused_before_anything_is_changed(
    services: Services, tmp_path: Path
) -> None:
    folder = tmp_path / "monday"
    run(backup, folder)
    for name in ("database.sqlite", next(folder.glob("artifacts/*/*")).relative_to(folder)):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[:-1] + b"?")
        with pytest.raises(ConfigurationError, match="damaged or altered"):
            run(restore, folder, "--overwrite")
        (folder / name).write_bytes(whole)
    next(folder.glob("artifacts/*/*")).unlink()
    with pytest.raises(ConfigurationError, match="Files are missing"):
        run(restore, folder, "--overwrite")
    assert size(services) == 3


@pytest.mark.parametrize("services", ["sqlite"], indirect=True)
def test_a_backup_of_another_log_is_refused(services: Services, tmp_path: Path) -> None:
    folder = tmp_path / "monday"
    run(backup, folder)
    (services.settings.data_dir / "log-key.txt").unlink()

    with pytest.raises(ConfigurationError, match="Put the key file back first"):
        run(restore, folder, "--overwrite")


def _killed(arguments: list[object], after_seconds: float) -> None:
    """Run a command in a process of its own, and kill it in the middle."""
    command = [sys.executable, "-m", "folkmoot.cli.main", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    watched = Path(str(arguments[1])).parent
    while time.monotonic() < deadline and process.poll() is None:
        if any(watched.glob(".*.partial")) or any(watched.glob("data/.*.restoring")):
            time.sleep(after_seconds)
            break
        time.sleep(0.001)
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("services", ["sqlite"], indirect=True)
def test_a_kill_in_the_middle_leaves_no_half_backup_and_no_half_database(
    services: Services, tmp_path: Path
) -> None:
    for number in range(40):
        services.artifacts.put(str(number).encode() * 50_000)
    folder = tmp_path / "monday"
    _killed(["backup", folder], 0.02)
    if not folder.exists():
        run(backup, folder)
    stopped(services)
    _killed(["restore", folder, "--overwrite"], 0.0)

    place = services.engine.url.database
    with closing(sqlite3.connect(str(place))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert size(services) in {3, 4}
    kept = services.kept_checkpoint.path.read_text()
    flags = ["--overwrite"] if "\n3\n" in kept else ["--overwrite", "--accept-loss"]
    stopped(services)
    assert "Brought back" in run(restore, folder, *flags).output
