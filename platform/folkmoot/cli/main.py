"""The `folkmoot` command. Each group's module is imported only when it is called."""

import importlib
import sys

import click

from folkmoot import __version__
from folkmoot.kernel.errors import ConfigurationError, DomainError
from folkmoot.runtime.problems import StartupProblem

COMMANDS = {
    "account": ("folkmoot.cli.account", "Add and close accounts, set roles, issue credentials."),
    "audit": ("folkmoot.cli.audit", "Seal, verify and read the audit log."),
    "bench": ("folkmoot.cli.bench", "Measure Folkmoot on this machine."),
    "db": ("folkmoot.cli.db", "Bring the database to this version, or say what it lacks."),
    "demo": ("folkmoot.cli.demo", "Tell the whole story on real patients, then stay up."),
    "openapi": ("folkmoot.cli.openapi", "Print the description of the API."),
    "serve": ("folkmoot.cli.serve", "Run web server, worker and, if needed, Valkey together."),
    "web": ("folkmoot.cli.web", "Run the web server alone."),
    "worker": ("folkmoot.cli.worker", "Run a worker and the sweep alone."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only when it is needed."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return the names of the commands."""
        return sorted(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Import and return the command of this name."""
        if name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[name][0]).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[name][0]}.command is not a command")
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])


@click.group(cls=LazyGroup)
@click.version_option(__version__, prog_name="folkmoot")
def folkmoot() -> None:
    """Crowdsourced labelling, human oversight, and a record of every override."""


def main() -> None:
    """Run the command; what the operator can mend is one sentence and no traceback."""
    try:
        folkmoot()
    except (ConfigurationError, StartupProblem) as problem:
        sys.exit(f"folkmoot: {problem}")
    except DomainError as refusal:
        lines = [refusal.message, *(f"  {one.pointer}: {one.message}" for one in refusal.fields)]
        sys.exit("folkmoot: " + "\n".join(lines))


if __name__ == "__main__":
    main()
