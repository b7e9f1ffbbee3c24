"""`folkmoot witness`: watch the logs of others, and cosign what only grew."""

from pathlib import Path

import click

from audit.cosigning import CosignatureKind
from audit.witness_files import load_cosigning_key, write_new_cosigning_key
from audit.witness_messages import ADD_CHECKPOINT
from audit.witness_store import WitnessStore
from folkmoot.cli.stopping import stopped_on_request, wait
from folkmoot.cli.witness_building import VARIABLE, WitnessFiles, witness_app
from folkmoot.runtime.ports import LOOPBACK, require_free_port
from folkmoot.runtime.programs import web_program
from folkmoot.runtime.supervisor import Supervisor

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)
KINDS = {"ed25519": CosignatureKind.ED25519, "ml-dsa-44": CosignatureKind.ML_DSA_44}


@click.group()
def command() -> None:
    """Be a witness of other people's logs."""


@command.command()
@click.argument("path", type=NEW_FILE)
@click.option("--name", required=True, help="The witness's name, such as witness.example.org/1.")
@click.option(
    "--kind",
    type=click.Choice(list(KINDS)),
    default="ed25519",
    show_default=True,
    help="The kind of signature; a witness may have a key of each.",
)
def key(*, path: Path, name: str, kind: str) -> None:
    """Make a key for a witness, and print its public half for the policies of logs."""
    click.echo(write_new_cosigning_key(path, name=name, kind=KINDS[kind]))


@command.command()
@click.option("--key", "keys", multiple=True, required=True, type=FILE, help="A key of it.")
@click.option(
    "--logs", required=True, type=FILE, help="A policy file; its `log` lines are watched."
)
@click.option("--state", required=True, type=NEW_FILE, help="The file it remembers by.")
@click.option("--host", default=LOOPBACK, show_default=True, help="The address to listen on.")
@click.option("--port", default=8100, show_default=True, help="The port to listen on.")
def serve(*, keys: tuple[Path, ...], logs: Path, state: Path, host: str, port: int) -> None:
    """Answer logs that ask for cosignatures, until Ctrl-C."""
    files = WitnessFiles(
        keys=[one.resolve() for one in keys], logs=logs.resolve(), state=state.resolve()
    )
    witness_app(files)  # so that a file that is wrong is one sentence here, and no restart there
    require_free_port(port, host)
    program = web_program(
        port=port,
        host=host,
        app="folkmoot.cli.witness_server:app",
        environment={VARIABLE: files.model_dump_json()},
    )
    with stopped_on_request(), Supervisor([program], tell=click.echo):
        for path in files.keys:
            click.echo(f"Witness {load_cosigning_key(path).public.to_text()}")
        click.echo(f"It is asked at http://{host}:{port}{ADD_CHECKPOINT}. Ctrl-C stops it.")
        wait()


@command.command()
@click.argument("state", type=FILE)
def show(*, state: Path) -> None:
    """Print the newest checkpoint of each log, and who contradicted themselves."""
    store = WitnessStore(state)
    for note in store.notes():
        click.echo(note)
    for one in store.evidence():
        asked = one.request.decode(errors="replace")
        click.echo(f"{one.origin} contradicted itself: {one.reason}\n\n{asked}")
