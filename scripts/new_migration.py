"""Write a migration: `python scripts/new_migration.py "Count the skips of a task"`.

Starts a PostgreSQL of its own, brings it to the newest revision, and writes down what the tables
in the code have besides. Read the result: renamed columns look like a drop and an add.
"""

import re
import subprocess
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import Script

from folkmoot.kernel.db import make_engine
from folkmoot.runtime.postgres import TemporaryPostgres

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Write the migration and put its revision into `migrations/HEAD`."""
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.exit('Say what changes: python scripts/new_migration.py "Count the skips of a task"')
    script = write_migration(sys.argv[1])
    path = Path(script.path)
    path.write_text(re.sub(r"^ +# ### .*\n", "", path.read_text(), flags=re.MULTILINE))
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", path], check=True)  # noqa: S603
    (ROOT / "migrations" / "HEAD").write_text(script.revision + "\n")
    sys.stdout.write(f"Wrote {path.relative_to(ROOT)}. Read it before you commit it.\n")


def write_migration(message: str) -> Script:
    """Compare the tables in the code with a database at the newest revision."""
    config = Config(toml_file=ROOT / "pyproject.toml")
    with TemporaryPostgres() as server, make_engine(server.url).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        script = command.revision(config, message, autogenerate=True)
    if not isinstance(script, Script):
        sys.exit("Alembic wrote no migration.")
    return script


if __name__ == "__main__":
    main()
