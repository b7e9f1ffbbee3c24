"""`folkmoot demo`: the whole story, on this machine."""

from pathlib import Path

import click

from folkmoot.cli.stopping import stopped_on_request
from folkmoot.demo.running import PREFERRED_PORT, run_demo


@click.command()
@click.option("--once", is_flag=True, help="End after the story.")
@click.option("--port", type=int, help=f"The port to listen on: {PREFERRED_PORT} or a free one.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Where the demo keeps its data; a new one."
)
def command(*, once: bool, port: int | None, folder: Path | None) -> None:
    """Tell the whole story on real patients, then stay up."""
    with stopped_on_request():
        run_demo(folder, port=port, once=once)
