"""Run the demo: its own folder, all processes under one supervisor, the story, then stay up."""

import secrets
import tempfile
import threading
from pathlib import Path

from pydantic import SecretStr

from folkmoot.bootstrap import bootstrap
from folkmoot.demo.labelling_steps import leave_something_to_label
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
from folkmoot_client import FolkmootError

PREFERRED_PORT = 8000
DATABASE = "folkmoot.sqlite"


def run_demo(folder: Path | None, *, port: int | None, once: bool) -> Teller:
    """Tell the story with everything running, and stay up after it unless told otherwise."""
    chosen_port = _port(port)
    home = require_writable_folder(folder or _new_folder()).resolve()
    settings = Settings(
        data_dir=home,
        database_url=f"sqlite:///{home / DATABASE}",
        queue_url="",
        secret_key=SecretStr(secrets.token_hex(32)),
        log_key_file=None,
    )
    teller = Teller()
    teller.say("Folkmoot demo. The patients are real, the annotators and the reviewer SIMULATED;")
    teller.say("everything else is what runs in production: API, queue, worker, database, log.")
    teller.say(f"It keeps its data in {home}")
    _run(settings, teller, port=chosen_port, once=once)
    return teller


def _run(settings: Settings, teller: Teller, *, port: int, once: bool) -> None:
    services = bootstrap(settings)
    upgrade_database(services.engine)
    home = household(settings, port=port)
    with Supervisor(home.programs, tell=teller.say):
        people = make_people(services, home.url)
        tale = Tale(services, settings.data_dir, home.url, people, load_study(), teller)
        try:
            tell(tale, database=settings.data_dir / DATABASE)
        except FolkmootError as error:
            raise Conflict(f"The story broke off: {error}") from error
        if not once:
            leave_something_to_label(tale)
        _tell_where(teller, people, home.url, stays_up=not once)
        if not once:
            threading.Event().wait()


def _tell_where(teller: Teller, people: People, url: str, *, stays_up: bool) -> None:
    teller.say("")
    if stays_up:
        teller.say(f"Folkmoot answers at {url} until Ctrl-C. Sign in as")
        teller.table(
            [("", "e-mail", "password")]
            + [(one.role.value, one.email, one.password) for one in people.staff.values()]
        )
    teller.say(f"The officer's page: {url}/governance")


def _port(wanted: int | None) -> int:
    if wanted is not None:
        require_free_port(wanted)
        return wanted
    try:
        require_free_port(PREFERRED_PORT)
    except StartupProblem:
        return free_port()
    return PREFERRED_PORT


def _new_folder() -> Path:
    """Make a folder of this run's own, named by its time."""
    runs = require_writable_folder(load_settings().data_dir / "demo")
    return Path(tempfile.mkdtemp(prefix=f"{clock.now():%Y-%m-%d-%H%M%S}-", dir=runs))
