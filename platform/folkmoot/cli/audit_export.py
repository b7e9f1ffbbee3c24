"""`folkmoot audit export` and `folkmoot audit receipt`: what is handed to an outsider."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import click

import audit.offline
from audit.export_files import FolderSink, Sink, zip_sink
from audit.exporting import (
    Exported,
    ExportRange,
    export_log,
    index_at,
    record_export,
    see_one_moment,
)
from audit.notes import Checkpoint, Note, open_checkpoint
from audit.protected_reads import receipt_for
from audit.signing_keys import NoteError
from audit.witnessing import cosigned_checkpoint
from folkmoot.bootstrap import Services
from folkmoot.cli.checkpoint_files import checkpoint_option, notes_of
from folkmoot.cli.opening import open_services
from folkmoot.jobs.audit_jobs import CLAIMS, seal
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import ConfigurationError, Conflict
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.report_runs import ReportRuns

REPORTS = (ReportRuns(),)
VERIFIER = Path(str(audit.offline.__file__)).with_name("verify.py")


@click.command()
@click.option("--from", "since", default="0", help="The first entry: its index, or a date in UTC.")
@click.option("--to", "until", help="Before which entry to end: its index, or a date in UTC.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("audit-export"),
    show_default=True,
    help="A new folder, or a new file if it ends in .zip.",
)
@click.option("--without-texts", is_flag=True, help="Withhold what people wrote, and its salts.")
@checkpoint_option(
    "The reader's older checkpoints: with a part of the log, to prove that it grew from them."
)
def export(
    *,
    since: str,
    until: str | None,
    out: Path,
    without_texts: bool,
    checkpoints: tuple[Path, ...],
) -> None:
    """Write entries, signatures and business rows out, for audit/offline/verify.py."""
    services = open_services()
    wanted = _wanted(services, since, until, has_texts=not without_texts)
    with services.unit_of_work() as uow:
        record_export(uow, PLATFORM, wanted=wanted)
    _seal_if_sound(services)
    kept = [size for file in checkpoints for size in _sizes_in(services, file)]
    done = write_export(services, out, wanted=_with_kept(wanted, kept))
    click.echo(f"Entries {done.first} to {done.end - 1} of {done.size} are in {out}.")
    click.echo(f"{done.n_rows} business rows, {done.n_waiting} entries without a place yet.")
    click.echo(f"The log's public key, to be published: {services.log_key.verifier}")


@click.command()
@click.argument("entry", type=click.UUID)
@click.option("--fields", help="Disclose these texts only, separated by commas; none if empty.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file; if it ends in .tlog-proof, in that form, which holds no content.",
)
def receipt(*, entry: UUID, fields: str | None, out: Path | None) -> None:
    """Write what proves one entry to somebody who has nothing else."""
    services = open_services()
    shown = None if fields is None else {one.strip() for one in fields.split(",")}
    is_proof_only = out is not None and out.suffix == ".tlog-proof"
    with services.unit_of_work() as uow:
        found = receipt_for(
            uow,
            PLATFORM,
            entry_id=entry,
            policy=services.witness_policy,
            fields=() if is_proof_only else shown,
        )
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if is_proof_only:
        text = str(found["tlog_proof"])
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


def write_export(services: Services, out: Path, *, wanted: ExportRange) -> Exported:
    """Write an export under a passing name, and give it its own when it is whole."""
    if out.exists():
        raise ConfigurationError(f"There is something at {out} already; it is kept.")
    partial = out.with_name(f".{out.name}.partial")
    _remove(partial)
    with _sink(partial, is_zip=out.suffix == ".zip") as sink:
        with services.reading() as uow:
            see_one_moment(uow)
            done = export_log(
                uow,
                sink,
                origin=services.log_key.origin,
                wanted=wanted,
                size=_witnessed_size(uow, services),
                claims=CLAIMS,
                reports=REPORTS,
            )
        with sink.file("verify.py") as file:
            file.write(VERIFIER.read_bytes())
    partial.rename(out)
    return done


def _witnessed_size(uow: UnitOfWork, services: Services) -> int | None:
    """Return the newest size that meets the witnesses' quorum, or the newest of all."""
    note = cosigned_checkpoint(uow, policy=services.witness_policy)
    return Checkpoint.parse(Note.parse(note).text).size if note else None


@contextmanager
def _sink(path: Path, *, is_zip: bool) -> Iterator[Sink]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_zip:
        with zip_sink(path) as sink:
            yield sink
        return
    path.mkdir()
    yield FolderSink(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _wanted(services: Services, since: str, until: str | None, *, has_texts: bool) -> ExportRange:
    first = _index(services, since)
    end = None if until is None else _index(services, until)
    return ExportRange(first, end, has_texts=has_texts)


def _index(services: Services, text: str) -> int:
    if text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is neither an index nor a date.") from error
    with services.reading() as uow:
        return index_at(uow, moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _with_kept(wanted: ExportRange, kept: list[int]) -> ExportRange:
    return ExportRange(wanted.first, wanted.end, has_texts=wanted.has_texts, kept=kept)


def _sizes_in(services: Services, file: Path) -> list[int]:
    key = services.log_key.key.verifier
    try:
        return [open_checkpoint(note, [key], origin=key.name).size for note in notes_of([file])]
    except NoteError as error:
        raise ConfigurationError(f"{file} holds no checkpoint of this log: {error}") from error


def _seal_if_sound(services: Services) -> None:
    try:
        seal(services)
    except Conflict as refusal:
        click.echo(f"Nothing was sealed: {refusal.message}", err=True)
