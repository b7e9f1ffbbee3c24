"""Bring a backup back, hold its log against what others know of it, and say what is gone."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import Engine

from audit.actions import Action
from audit.keeping import CheckpointKeeper
from audit.keys import LogKey
from audit.notes import Checkpoint, open_checkpoint
from audit.recording import record
from audit.signing_keys import NoteError
from audit.subject_key_files import load_keys
from audit.verdicts import Verdict
from audit.verification import verify_log
from folkmoot.backup.databases import is_empty, kind_of, restore
from folkmoot.backup.manifest import ARTIFACTS, Manifest, artifact_files
from folkmoot.bootstrap import KEPT_CHECKPOINT, Services, bootstrap
from folkmoot.jobs.audit_jobs import CLAIMS
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.errors import ConfigurationError, Conflict
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.schema import upgrade_database
from folkmoot.kernel.settings import Settings

__all__ = ["RestorePlan", "Restored", "restore_backup"]


@dataclass(frozen=True)
class RestorePlan:
    """What to bring back, and what may be lost by it.

    `kept`: signed notes of this log from outside, beside the file that this machine keeps.
    """

    source: Path
    kept: Sequence[str] = ()
    person_keys: Path | None = None
    overwrites: bool = False
    accepts_loss: bool = False


@dataclass(frozen=True)
class Restored:
    """What was brought back: how long the log is, how long it was known to be, and its check."""

    size: int
    known_size: int
    n_keys: int
    verdict: Verdict

    @property
    def n_lost(self) -> int:
        """Return how many sealed entries are gone for certain."""
        return max(0, self.known_size - self.size)


def restore_backup(settings: Settings, plan: RestorePlan) -> Restored:
    """Bring a backup back; before anything is changed, refuse what cannot or should not be.

    Raise Conflict where the log is known to have been longer, unless that loss is accepted.
    """
    manifest = Manifest.read(plan.source)
    manifest.check(plan.source)
    engine = make_engine(settings.database_url)
    try:
        _refuse_wrong_target(engine, manifest, plan)
    finally:
        engine.dispose()
    services = bootstrap(settings)
    known = _known_outside(services, manifest, plan.kept)
    newest = max((one.size for one, _ in known), default=0)
    if newest > manifest.log.size and not plan.accepts_loss:
        raise Conflict(_loss(newest, manifest.log.size))
    _bring_back(services, manifest, plan)
    with services.unit_of_work() as uow:
        n_keys = load_keys(uow, plan.person_keys) if plan.person_keys else 0
    if newest > manifest.log.size:
        _put_aside(services.kept_checkpoint, newest)
    _record(services, manifest.log.size, newest)
    kept = [note for one, note in known if one.size <= manifest.log.size]
    with services.reading() as uow:
        verdict = verify_log(uow, verifier=services.log_key.verifier, claims=CLAIMS, kept=kept)
    return Restored(manifest.log.size, newest, n_keys, verdict)


def _refuse_wrong_target(engine: Engine, manifest: Manifest, plan: RestorePlan) -> None:
    if kind_of(engine) != manifest.database:
        raise ConfigurationError(
            f"This is a backup of {manifest.database}; FOLKMOOT_DATABASE_URL names another kind."
        )
    if not plan.overwrites and not is_empty(engine):
        raise ConfigurationError(
            "There is a database already, and it is kept. Stop every process of Folkmoot, and say "
            "--overwrite if this backup is to take its place."
        )


def _known_outside(
    services: Services, manifest: Manifest, kept: Sequence[str]
) -> list[tuple[Checkpoint, str]]:
    """Return what is known of the log outside the backup; refuse what another key has signed."""
    notes = [("The backup's checkpoint", manifest.log.checkpoint)] if manifest.log.size else []
    own = services.kept_checkpoint.newest()
    notes += [(f"The checkpoint in {services.kept_checkpoint.path}", own)] if own else []
    notes += [("A checkpoint that was given", note) for note in kept]
    return [(_opened(services.log_key, what, note), note) for what, note in notes]


def _opened(log_key: LogKey, what: str, note: str) -> Checkpoint:
    try:
        return open_checkpoint(note, [log_key.key.verifier], origin=log_key.origin)
    except NoteError as error:
        raise ConfigurationError(
            f"{what} was not signed by the log's key of this machine: {error} "
            "Put the key file back first: a backup never holds it."
        ) from error


def _loss(known: int, restored: int) -> str:
    last = known - 1
    which = f"entry {last} is" if last == restored else f"entries {restored} to {last} are"
    return (
        f"The log was at size {known}, this backup is at {restored}: {which} gone with it, and "
        "whoever keeps the later checkpoint can prove that. Restore a newer backup if there is "
        "one. Else say --accept-loss: the later checkpoint is then put aside as evidence, and the "
        "log records what it lost."
    )


def _bring_back(services: Services, manifest: Manifest, plan: RestorePlan) -> None:
    # Files first: they are named by what is in them, and no row may name one that is not there.
    for file in artifact_files(plan.source / ARTIFACTS):
        place = services.artifacts.folder / file.parent.name / file.name
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            arriving = place.with_suffix(".restoring")
            shutil.copyfile(file, arriving)
            arriving.replace(place)
    restore(services.engine, plan.source / manifest.database_file)
    upgrade_database(services.engine)


def _put_aside(keeper: CheckpointKeeper, size: int) -> None:
    """Keep the later checkpoint as evidence, where sealing does not stumble over it."""
    if keeper.path.exists():
        keeper.path.rename(keeper.path.with_name(f"{KEPT_CHECKPOINT}.lost-{size}"))


def _record(services: Services, size: int, known: int) -> None:
    facts: JsonObject = {"size": size}
    if known > size:
        facts |= {"lost_from": size, "lost_to": known - 1}
    with services.unit_of_work() as uow:
        record(
            uow,
            PLATFORM,
            Action.BACKUP_RESTORED,
            subject_type="backup",
            subject_id=new_id(),
            facts=facts,
        )
