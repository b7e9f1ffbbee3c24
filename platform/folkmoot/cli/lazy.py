"""Groups of commands whose modules are imported only when they are called."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

import click


@dataclass(frozen=True)
class Listed:
    """A command that is known by the name of its module, and what the list says of it."""

    module: str
    summary: str


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only when it is needed."""

    listed: Mapping[str, Listed] = {}

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return the names of the commands."""
        return sorted(self.listed)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Import and return the command of this name."""
        return self.loaded(name) if name in self.listed else None

    def loaded(self, name: str) -> click.Command:
        """Import a command that is listed."""
        module = self.listed[name].module
        command = importlib.import_module(module).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.command is not a command")
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.listed[name].summary) for name in sorted(self.listed)])
