"""`folkmoot audit erase`, `hold`, `release`, `retain`: forget a person, or keep from forgetting."""

from pathlib import Path
from uuid import UUID

import click
from sqlmodel import select

from audit.erasing import tables_of
from audit.erasure import LegalBasis, erase
from audit.legal_holds import release_hold, set_hold, standing_holds
from audit.models import RecordClass
from audit.retention import due_now
from audit.retention_rules import DEMANDS, Periods, periods_of, set_periods
from audit.subject_key_files import load_keys, write_keys
from audit.subject_keys import rewrap_keys
from audit.wrapping_keys import add_wrapping_key
from crowd.models import Project
from folkmoot.bootstrap import ERASABLES, Services
from folkmoot.cli.opening import open_services
from folkmoot.identity.naming import account_called
from folkmoot.jobs.retaining import apply_retention
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.scrubbing import scrub_database
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.naming import person_of_case

BASES = click.Choice([one.value for one in LegalBasis])
CLASSES = click.Choice([one.value for one in RecordClass if one is not RecordClass.THE_LOG])


@click.command("erase")
@click.argument("person")
@click.option("--basis", required=True, type=BASES, help="Why: GDPR, Article 17(1).")
@click.option("--project", help="The slug of a project: PERSON is what its cases call them.")
@click.option("--scrub/--no-scrub", default=True, help="Write the database anew, or do it later.")
def erase_person(*, person: str, basis: str, project: str | None, scrub: bool) -> None:
    """Erase PERSON: an account's id or address, or a case's name in a project."""
    services = open_services()
    with services.unit_of_work() as uow:
        erasure = erase(
            uow,
            PLATFORM,
            person_id=_person(uow, person, project),
            legal_basis=LegalBasis(basis),
            erasables=ERASABLES,
            forget_file=services.artifacts.forget,
        )
    click.echo(f"{erasure.n_texts} texts of the log erased. {erasure.sentence}")
    for column, count in sorted(erasure.rows.items()):
        click.echo(f"  {count} of {column}")
    for digest in erasure.files:
        click.echo(f"  file {digest} deleted")
    if scrub and erasure.n_texts + len(erasure.rows):
        _scrub(services)
    if erasure.refusal is not None:
        raise SystemExit(1)


@click.command("scrub")
def scrub_now() -> None:
    """Write the database anew, so that its files hold nothing of what was erased."""
    _scrub(open_services())


@click.command("hold")
@click.option("--person", help="An account's id or address; else a project, or everything.")
@click.option("--project", help="The slug of a project.")
@click.option("--reason", help="The case, or the authority that asked. Without it: list the holds.")
def hold(*, person: str | None, project: str | None, reason: str | None) -> None:
    """Forbid to erase anything of a person, in a project, or at all; or list what is held."""
    services = open_services()
    if reason is not None:
        with services.unit_of_work() as uow:
            made = set_hold(
                uow,
                PLATFORM,
                reason=reason,
                person_id=_person(uow, person, None) if person else None,
                project_id=_project(uow, project) if project else None,
            )
        click.echo(f"Held: {made.id}")
        return
    with services.reading() as uow:
        for one in standing_holds(uow):
            of = one.person_id or one.project_id or "everything"
            click.echo(f"{one.id}  {of}  since {one.set_at:%Y-%m-%d}  {one.reason}")


@click.command("release")
@click.argument("hold_id", type=click.UUID)
def release(*, hold_id: UUID) -> None:
    """Release a legal hold by its id."""
    with open_services().unit_of_work() as uow:
        release_hold(uow, PLATFORM, hold_id=hold_id)
    click.echo("Released.")


@click.command("retain")
@click.option("--apply", "applies", is_flag=True, help="Erase what is due; else only show it.")
@click.option("--class", "record_class", type=CLASSES, help="Set the periods of this class.")
@click.option("--entry-days", type=click.IntRange(min=1), help="How long its entries are kept.")
@click.option("--text-days", type=click.IntRange(min=1), help="How long their texts are kept.")
@click.option("--law", "laws", multiple=True, type=click.Choice(sorted(DEMANDS)))
def retain(
    *,
    applies: bool,
    record_class: str | None,
    entry_days: int | None,
    text_days: int | None,
    laws: tuple[str, ...],
) -> None:
    """Show what has reached its date, erase it, or set how long a class is kept."""
    services = open_services()
    with services.unit_of_work() as uow:
        if record_class is not None:
            _set(uow, RecordClass(record_class), entry_days, text_days, laws)
    with services.reading() as uow:
        periods = periods_of(uow)
        for due in due_now(uow, erasables=ERASABLES):
            kept = periods[due.record_class]
            click.echo(
                f"{due.record_class.value}: entries {kept.entry_days} days, texts "
                f"{kept.text_days}; due now: {due.n_texts} texts, {due.n_entries} entries"
            )
    if applies:
        click.echo(f"{apply_retention(services)} batches erased.")


@click.command("wrapping-key")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def wrapping_key(*, path: Path) -> None:
    """Make a key that wraps the keys of people, or put a newer one before those of a file."""
    click.echo(add_wrapping_key(path))


@click.command("rewrap")
def rewrap() -> None:
    """Wrap every person's key by the newest wrapping key, so that the older ones can go."""
    services, n_rewrapped = open_services(), 0
    while True:
        with services.unit_of_work() as uow:
            n_some = rewrap_keys(uow)
        n_rewrapped += n_some
        if n_some == 0:
            break
    click.echo(f"{n_rewrapped} keys wrapped anew. Delete the older lines of the key file now.")


@click.command("keys")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--restore", is_flag=True, help="Read the keys from PATH into a restored database.")
def keys(*, path: Path, restore: bool) -> None:
    """Write everybody's wrapped key to PATH: beside the backup of the database, kept shorter."""
    services = open_services()
    if restore:
        with services.unit_of_work() as uow:
            click.echo(f"{load_keys(uow, path)} keys restored.")
        return
    with services.reading() as uow:
        click.echo(f"{write_keys(uow, path)} keys are in {path}.")


COMMANDS = (erase_person, scrub_now, hold, release, retain, wrapping_key, rewrap, keys)


def _set(
    uow: UnitOfWork,
    record_class: RecordClass,
    entry_days: int | None,
    text_days: int | None,
    laws: tuple[str, ...],
) -> None:
    before = periods_of(uow)[record_class]
    set_periods(
        uow,
        PLATFORM,
        record_class=record_class,
        # What is not named stays as it is: a minimum that a law asked for before, too.
        periods=Periods(
            entry_days or before.entry_days,
            text_days or before.text_days,
            before.text_minimum_days,
        ),
        demands=[DEMANDS[law] for law in laws],
    )


def _scrub(services: Services) -> None:
    scrub_database(services.engine, tables=tables_of(ERASABLES))
    click.echo("The database was written anew; its files hold nothing of what was erased.")


def _person(uow: UnitOfWork, called: str, project: str | None) -> UUID:
    if project is None:
        found = account_called(uow, called)
    else:
        found = person_of_case(uow, project_id=_project(uow, project), case_ref=called)
    if found is None:
        raise NotFound(f"Nobody here is called {called!r}.")
    return found


def _project(uow: UnitOfWork, slug: str) -> UUID:
    found = uow.session.exec(select(Project.id).where(Project.slug == slug)).first()
    if found is None:
        raise NotFound(f"There is no project {slug!r}.")
    return found
