"""`folkmoot worker`: a worker and the sweep."""

import click
from redis.exceptions import RedisError

from folkmoot.cli.opening import open_services
from folkmoot.cli.stopping import stopped_on_request, wait
from folkmoot.jobs.announcing import QUEUES, connect
from folkmoot.kernel.errors import ConfigurationError
from folkmoot.kernel.settings import load_settings
from folkmoot.runtime.programs import sweep_program, worker_program
from folkmoot.runtime.supervisor import Supervisor


@click.command()
def command() -> None:
    """Run one RQ worker, and the sweep that catches up with what the queue missed."""
    settings = load_settings()
    if not settings.queue_url:
        raise ConfigurationError("FOLKMOOT_QUEUE_URL must name a Valkey or Redis server.")
    open_services(settings)
    programs = [worker_program(environment={}), sweep_program(environment={})]
    with stopped_on_request(), Supervisor(programs, tell=click.echo):
        click.echo(f"A worker and the sweep are up, for the queues {', '.join(QUEUES)}.")
        _say_if_silent(settings.queue_url)
        wait()


def _say_if_silent(queue_url: str) -> None:
    try:
        connect(queue_url).ping()
    except (RedisError, OSError):
        click.echo("The queue does not answer; the worker tries again until it does.", err=True)
