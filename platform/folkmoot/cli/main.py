"""The `folkmoot` command. Each group's module is imported only when it is called."""

import sys

import click

from folkmoot import __version__
from folkmoot.cli.lazy import LazyGroup, Listed
from folkmoot.kernel.errors import ConfigurationError, DomainError
from folkmoot.runtime.problems import StartupProblem

COMMANDS = {
    "account": Listed(
        "folkmoot.cli.account", "Add and close accounts, set roles, issue credentials."
    ),
    "audit": Listed("folkmoot.cli.audit", "Seal, verify and read the audit log."),
    "backup": Listed("folkmoot.cli.backup", "Back up database and files while all runs."),
    "bench": Listed("folkmoot.cli.bench", "Measure Folkmoot on this machine."),
    "consensus": Listed(
        "folkmoot.cli.consensus", "Turn files of labels into answers, here or on a Dask cluster."
    ),
    "db": Listed(
        "folkmoot.cli.db",
        "Bring the database to this version, say what it lacks, or who may do what in it.",
    ),
    "demo": Listed("folkmoot.cli.demo", "Tell the whole story on real patients, then stay up."),
    "import": Listed("folkmoot.cli.import_tasks", "Add a file of tasks to a project."),
    "openapi": Listed("folkmoot.cli.openapi", "Print the description of the API."),
    "plan": Listed("folkmoot.cli.plan", "Say from a pilot how many labels an accuracy needs."),
    "restore": Listed("folkmoot.cli.restore", "Bring a backup back, and say what it lacks."),
    "serve": Listed(
        "folkmoot.cli.serve", "Run web server, worker and, if needed, Valkey together."
    ),
    "witness": Listed("folkmoot.cli.witness", "Watch the logs of others, and cosign them."),
    "web": Listed("folkmoot.cli.web", "Run the web server alone."),
    "worker": Listed("folkmoot.cli.worker", "Run a worker and the sweep alone."),
}


class Commands(LazyGroup):
    """The commands of `folkmoot`."""

    listed = COMMANDS


@click.group(cls=Commands)
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
