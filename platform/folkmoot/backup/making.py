"""Make a backup: the database, then the files that it names, then the manifest."""

import os
import shutil
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from audit.actions import Action
from audit.recording import record
from audit.subject_key_files import write_keys
from folkmoot.backup.databases import DATABASE_FILES, dump, kind_of
from folkmoot.backup.manifest import ARTIFACTS, Manifest, artifact_files, digest_of_file
from folkmoot.bootstrap import Services
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import ConfigurationError
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.schema import present_revision

__all__ = ["make_backup"]


def make_backup(services: Services, folder: Path, *, person_keys: Path) -> Manifest:
    """Make a backup in a new folder, and write people's keys to a file apart from it.

    It has a passing name until it is whole: a break leaves nothing that looks like a backup.
    """
    if folder.exists():
        raise ConfigurationError(f"There is something at {folder} already; it is kept.")
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True, mode=0o700)
        manifest = _fill(services, partial)
        with services.reading() as uow:
            # After the database: whoever was erased meanwhile has no key in the file.
            write_keys(uow, person_keys)
        partial.rename(folder)
    except OSError as error:
        raise ConfigurationError(
            f"The backup cannot be written to {folder}: {error.strerror}."
        ) from error
    return manifest


def _fill(services: Services, folder: Path) -> Manifest:
    with services.unit_of_work() as uow:
        record(
            uow,
            PLATFORM,
            Action.BACKUP_MADE,
            subject_type="backup",
            subject_id=new_id(),
            facts={},
        )
    kind = kind_of(services.engine)
    name = DATABASE_FILES[kind]
    stand = dump(services.engine, folder / name)
    _sync(folder / name)
    n_artifacts, artifacts_sha256 = _copy_artifacts(services, folder / ARTIFACTS)
    manifest = Manifest(
        software=f"folkmoot {version('folkmoot')}",
        made_at=clock.now().isoformat(),
        database=kind,
        revision=present_revision(services.engine) or "",
        log=stand,
        database_file=name,
        database_sha256=digest_of_file(folder / name),
        n_artifacts=n_artifacts,
        artifacts_sha256=artifacts_sha256,
    )
    manifest.write(folder)
    return manifest


def _copy_artifacts(services: Services, target: Path) -> tuple[int, str]:
    """Copy every file of the store; those that came after the database are some too many."""
    names = sha256()
    n_files = 0
    for file in artifact_files(services.artifacts.folder):
        if digest_of_file(file) != file.name:
            raise ConfigurationError(f"{file} was damaged or altered; no backup is made of it.")
        copy = target / file.parent.name / file.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        _sync(copy)
        names.update(file.name.encode())
        n_files += 1
    return n_files, names.hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
