"""`folkmoot demo`: the whole story, on this machine."""

import secrets
import tempfile
from pathlib import Path

import click
from pydantic import SecretStr

from folkmoot.bootstrap import bootstrap
from folkmoot.demo.patients import load_study
from folkmoot.demo.people import People, make_people
from folkmoot.demo.story import tell
from folkmoot.demo.tale import Tale
from folkmoot.demo.telling import Teller
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.schema import upgrade_database
from folkmoot.kernel.settings import Settings, load_settings
from folkmoot.runtime.folders import require_writable_folder
from folkmoot.runtime.household import household
from folkmoot.runtime.ports import free_port, require_free_port
from folkmoot.runtime.problems import StartupProblem
from folkmoot.runtime.supervisor import Supervisor
from folkmoot_client.connection import FolkmootError

PREFERRED_PORT = 8000
DATABASE = "folkmoot.sqlite"


@click.command()
@click.option("--once", is_flag=True, help="End after the story.")
@click.option("--port", type=int, help=f"The port to listen on: {PREFERRED_PORT} or a free one.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Where the demo keeps its data; a new one."
)
def command(*, once: bool, port: int | None, folder: Path | None) -> None:
    """Tell the whole story on real patients, then stay up."""
    chosen_port = _port(port)
    home_folder = require_writable_folder(folder or _new_folder())
    settings = Settings(
        data_dir=home_folder,
        database_url=f"sqlite:///{home_folder / DATABASE}",
        queue_url="",
        secret_key=SecretStr(secrets.token_hex(32)),
        log_key_file=None,
    )
    teller = Teller()
    teller.say("Folkmoot demo. The patients are real, the annotators and the reviewer SIMULATED;")
    teller.say("everything else is what runs in production: API, queue, worker, database, log.")
    teller.say(f"It keeps its data in {home_folder}")
    _run(settings, teller, port=chosen_port, once=once)


def _run(settings: Settings, teller: Teller, *, port: int, once: bool) -> None:
    upgrade_database(bootstrap(settings).engine)
    home = household(settings, port=port)
    with Supervisor(home.programs, tell=teller.say):
        services = bootstrap(settings)
        people = make_people(services, home.url)
        tale = Tale(services, settings.data_dir, home.url, people, load_study(), teller)
        try:
            tell(tale, database=settings.data_dir / DATABASE)
        except FolkmootError as error:
            raise Conflict(f"The story broke off: {error}") from error
        _tell_where(teller, people, home.url)
        if not once:
            teller.say("Ctrl-C ends it.")
        teller.say(f"The officer's page: {home.url}/governance")
        if not once:
            home.wait()


def _tell_where(teller: Teller, people: People, url: str) -> None:
    teller.say("")
    teller.say(f"Folkmoot answers at {url}; sign in as")
    teller.table(
        [("", "e-mail", "password")]
        + [(one.role.value, one.email, one.password) for one in people.staff.values()]
    )


def _port(wanted: int | None) -> int:
    if wanted is not None:
        require_free_port(wanted)
        return wanted
    return _free_port_near(PREFERRED_PORT)


def _free_port_near(preferred: int) -> int:
    """Return the preferred port where it is free, else any free one."""
    try:
        require_free_port(preferred)
    except StartupProblem:
        return free_port()
    return preferred


def _new_folder() -> Path:
    """Make a folder of this run's own, named by its time."""
    runs = require_writable_folder(load_settings().data_dir / "demo")
    return Path(tempfile.mkdtemp(prefix=f"{clock.now():%Y-%m-%d-%H%M%S}-", dir=runs)).resolve()
