"""Run the demo: its own folder, all processes under one supervisor, the story, then stay up."""

import secrets
import shlex
import sys
import tempfile
import threading
from pathlib import Path

from pydantic import SecretStr

from folkmoot.bootstrap import bootstrap
from folkmoot.demo.labelling_steps import YOURS, leave_something_to_label
from folkmoot.demo.patients import load_study
from folkmoot.demo.people import People, make_people
from folkmoot.demo.story import tell
from folkmoot.demo.tale import Tale
from folkmoot.demo.telling import Teller
from folkmoot.identity.permissions import Role
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
        wrapping_key_file=None,
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
        leave_something_to_label(tale)
        if once:
            _tell_how_to_go_on(teller, people, settings.data_dir)
        else:
            _tell_where(teller, people, home.url)
            threading.Event().wait()


def _tell_where(teller: Teller, people: People, url: str) -> None:
    teller.say("")
    teller.say(f"Folkmoot answers at {url} until Ctrl-C. Sign in as")
    _tell_who_may_sign_in(teller, people)
    teller.say(f"The officer's page: {url}/governance")
    teller.say(f"Work for the annotator: {url}/label/{YOURS}")


def _tell_how_to_go_on(teller: Teller, people: People, folder: Path) -> None:
    """Say how to open what the story left behind; nothing answers any more."""
    teller.say("")
    teller.say("The demo ends here. To open what it made again:")
    teller.say(f"   FOLKMOOT_DATA_DIR={shlex.quote(str(folder))} {_program()} serve")
    teller.say("and sign in as")
    _tell_who_may_sign_in(teller, people)


def _tell_who_may_sign_in(teller: Teller, people: People) -> None:
    rows = [("", "e-mail", "password", "")]
    for one in people.staff.values():
        to_do = f"labels the project {YOURS}" if one.role is Role.ANNOTATOR else ""
        rows.append((one.role.value, one.email, one.password, to_do))
    teller.table(rows)


def _program() -> str:
    """Return how this very program is called, as it can be typed into a shell."""
    program = shlex.quote(sys.argv[0])
    return program if Path(sys.argv[0]).name == "folkmoot" else "folkmoot"


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
