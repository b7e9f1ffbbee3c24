"""Forget a person from the command line: no byte of theirs is left in the database's files."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from folkmoot.bootstrap import Services, bootstrap
from folkmoot.cli import account as accounts
from folkmoot.cli import audit
from folkmoot.kernel.errors import DomainError
from folkmoot.kernel.schema import upgrade_database
from folkmoot.kernel.settings import Settings

EMAIL = "ada-7f3e9c@example.org"


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """A database of its own, with somebody to be erased and somebody else."""
    monkeypatch.setenv("FOLKMOOT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FOLKMOOT_DATABASE_URL", f"sqlite:///{tmp_path / 'folkmoot.sqlite'}")
    made = bootstrap(Settings())
    upgrade_database(made.engine)
    runner = CliRunner()
    for email in (EMAIL, "noise@example.org"):
        added = runner.invoke(accounts.command, ["add", email, "--role", "annotator", "--machine"])
        assert added.exit_code == 0, added.output
    made.engine.dispose()
    return made


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(audit.command, arguments)
    if isinstance(result.exception, DomainError):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def files_with(folder: Path, text: str) -> list[str]:
    return [
        one.name for one in folder.rglob("*") if one.is_file() and text.encode() in one.read_bytes()
    ]


def test_what_was_erased_is_in_no_file(services: Services, tmp_path: Path) -> None:
    assert files_with(tmp_path, EMAIL)
    said = run("erase", EMAIL, "--basis", "objection").output
    assert "2 texts of the log erased. Nothing of this person is left." in said
    assert files_with(tmp_path, EMAIL) == []
    assert files_with(tmp_path, "noise@example.org")
    run("seal")
    assert "Nothing is wrong." in run("verify").output


def test_a_hold_is_listed_stops_an_erasure_and_is_released(services: Services) -> None:
    held = run("hold", "--person", EMAIL, "--reason", "Case 7 O 12/26").output.split()[-1]
    assert held in run("hold").output
    assert "legal hold stands" in run("erase", EMAIL, "--basis", "objection", code=1).output
    run("release", held)
    run("erase", EMAIL, "--basis", "objection")


def test_what_is_due_is_shown_before_it_goes(services: Services) -> None:
    assert "sign_ins: entries 366 days, texts 90; due now: 0 texts" in run("retain").output
    changed = run("retain", "--class", "sign_ins", "--entry-days", "1", "--text-days", "9").output
    assert "sign_ins: entries 183 days, texts 9;" in changed
    assert "0 batches erased." in run("retain", "--apply").output
    run("retain", "--class", "decisions", "--law", "us-credit")
    run("retain", "--class", "decisions", "--text-days", "9")
    assert "texts 763; due now" in run("retain").output  # what a law asked for before still stands
