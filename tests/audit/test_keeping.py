"""A checkpoint outside the database holds the log to what was signed before."""

from pathlib import Path

import pytest

from audit.keeping import CheckpointKeeper, notes_in
from audit.models import Entry
from audit.notes import Checkpoint
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import ConfigurationError, Conflict
from folkmoot.kernel.ids import new_id

from .conftest import Log


@pytest.fixture
def keeper(log: Log, tmp_path: Path) -> CheckpointKeeper:
    log.keeper = CheckpointKeeper(tmp_path / "data" / "last-checkpoint.txt")
    return log.keeper


@pytest.fixture
def history(log: Log, keeper: CheckpointKeeper) -> list[Entry]:
    """Six entries of two actors, sealed in two batches; each checkpoint is kept."""
    other = Actor(new_id(), "Rafael")
    made = [log.record(reason=f"reason {n}") for n in range(3)]
    log.seal()
    made += [log.record(other, reason=f"reason {n}") for n in range(3, 6)]
    log.seal()
    return made


def test_the_newest_checkpoint_is_kept(
    log: Log, history: list[Entry], keeper: CheckpointKeeper
) -> None:
    assert keeper.newest() == log.checkpoint()
    assert [one.name for one in keeper.path.parent.iterdir()] == ["last-checkpoint.txt"]


def test_an_older_checkpoint_does_not_replace_a_newer_one(
    log: Log, history: list[Entry], keeper: CheckpointKeeper
) -> None:
    keeper.keep(Checkpoint("test.example/log", 3, bytes(32)).sign(log.key.key))
    assert keeper.newest() == log.checkpoint()


def test_a_log_that_was_cut_off_cleanly_is_found_only_by_what_was_kept(
    log: Log, history: list[Entry], keeper: CheckpointKeeper
) -> None:
    log.truncate(3)
    assert log.verify().is_sound
    (finding,) = log.verify(kept=[keeper.newest() or ""]).findings
    assert "cut short" in finding.sentence


def test_a_log_that_was_rewritten_and_sealed_anew_is_found_by_what_was_kept(
    log: Log, history: list[Entry], keeper: CheckpointKeeper
) -> None:
    log.rewrite(3)
    log.keeper = None
    assert log.seal() == 6
    assert log.verify().is_sound
    (finding,) = log.verify(kept=[keeper.newest() or ""]).findings
    assert finding.leaf_index == 5
    assert "not what was signed at size 6" in finding.sentence


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("attack", ["truncate", "rewrite"])
def test_nothing_is_sealed_upon_a_log_that_forgot_what_was_signed(log: Log, attack: str) -> None:
    getattr(log, attack)(3)
    log.record()
    with pytest.raises(Conflict, match="If a backup was restored"):
        log.seal()


def test_a_restored_backup_is_sealed_once_its_kept_checkpoint_is_moved_away(
    log: Log, history: list[Entry], keeper: CheckpointKeeper
) -> None:
    log.truncate(3)
    log.record(Actor(new_id(), "Nina"))
    keeper.path.rename(keeper.path.with_name("before-the-restore.txt"))
    assert log.seal() == 4
    assert keeper.newest() == log.checkpoint()


def test_a_crash_before_the_checkpoint_was_kept_does_no_harm(
    log: Log, history: list[Entry], keeper: CheckpointKeeper
) -> None:
    log.keeper = None
    log.record()
    log.seal()
    log.keeper = keeper
    log.record()
    assert log.seal() == 8
    assert keeper.newest() == log.checkpoint()
    assert log.verify(kept=[keeper.newest() or ""]).is_sound


def test_a_larger_log_that_does_not_contain_what_was_kept_is_refused(
    log: Log, history: list[Entry], keeper: CheckpointKeeper
) -> None:
    log.rewrite(3)
    log.keeper = None
    log.record()
    log.seal()
    log.keeper = keeper
    log.record()
    with pytest.raises(Conflict, match="is not the one that was signed at size 6"):
        log.seal()


def test_a_kept_file_of_another_log_is_refused_in_a_sentence(
    log: Log, history: list[Entry], keeper: CheckpointKeeper
) -> None:
    keeper.path.write_text("nonsense")
    log.record()
    with pytest.raises(Conflict, match="not of this log"):
        log.seal()
    assert not log.verify(kept=["nonsense"]).is_sound


def test_a_kept_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        CheckpointKeeper(tmp_path).newest()


def test_notes_that_were_appended_to_one_file_are_read_one_by_one(
    log: Log, history: list[Entry], keeper: CheckpointKeeper
) -> None:
    first = log.checkpoint()
    log.record()
    log.seal()
    second = log.checkpoint()
    assert notes_in(f"{first}\n{second}\n") == [first, second]
    assert notes_in(first + second) == [first, second]
    assert log.verify(kept=notes_in(f"{first}\n{second}")).is_sound
