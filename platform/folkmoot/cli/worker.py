"""`folkmoot worker`: a worker and the sweep."""

import click

from folkmoot.bootstrap import bootstrap
from folkmoot.kernel.errors import ConfigurationError
from folkmoot.kernel.schema import require_current_schema
from folkmoot.kernel.settings import load_settings
from folkmoot.runtime.programs import sweep_program, worker_program
from folkmoot.runtime.supervisor import Supervisor


@click.command()
def command() -> None:
    """Run one RQ worker, and the sweep that catches up with what the queue missed."""
    settings = load_settings()
    if not settings.queue_url:
        raise ConfigurationError("FOLKMOOT_QUEUE_URL must name a Valkey or Redis server.")
    require_current_schema(bootstrap(settings).engine)
    programs = [worker_program(environment={}), sweep_program(environment={})]
    Supervisor(programs, tell=click.echo).run_forever()
