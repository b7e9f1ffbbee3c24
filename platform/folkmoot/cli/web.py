"""`folkmoot web`: the web server alone."""

from pathlib import Path

import click

from folkmoot.cli.opening import open_services
from folkmoot.cli.stopping import stopped_on_request, wait
from folkmoot.kernel.settings import load_settings
from folkmoot.runtime.folders import require_writable_folder
from folkmoot.runtime.ports import LOOPBACK, require_free_port
from folkmoot.runtime.programs import web_program
from folkmoot.runtime.supervisor import Supervisor


@click.command()
@click.option("--host", default=LOOPBACK, show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, help="The port to listen on.")
@click.option("--workers", default=2, show_default=True, help="Processes that share the port.")
@click.option("--threads", default=4, show_default=True, help="Threads of each process.")
@click.option("--log", type=click.Path(path_type=Path), help="A file for the server's output.")
def command(*, host: str, port: int, workers: int, threads: int, log: Path | None) -> None:
    """Run the web server alone; worker and queue run elsewhere."""
    settings = load_settings()
    require_writable_folder(settings.data_dir)
    open_services(settings)
    require_free_port(port, host)
    program = web_program(
        port=port, host=host, workers=workers, threads=threads, environment={}, log=log
    )
    click.echo(f"Starting Folkmoot at http://{host}:{port} …")
    supervisor = Supervisor([program], tell=click.echo)
    with stopped_on_request(), supervisor:
        click.echo("It answers. Ctrl-C stops it.")
        wait()
