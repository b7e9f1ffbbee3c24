"""The floors hold, and a web process stays light."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "altair",
    "fairlearn",
    "matplotlib",
    "numba",
    "pandas",
    "pyarrow",
    "scipy",
    "sklearn",
    "skops",
)


def loaded_by(statement: str, root: Path) -> set[str]:
    """Return which heavy libraries a statement loads in a process of its own."""
    script = f"{statement}\nimport sys; print(*(n for n in {HEAVY} if n in sys.modules))"
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    return set(said.stdout.split())


def test_the_import_contracts_hold(root: Path) -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    said = subprocess.run(
        [linter, "--no-logo", "--no-cache"], cwd=root, capture_output=True, text=True, check=False
    )

    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize(
    "statement",
    ["import folkmoot.app", "import folkmoot.cli.main", "import folkmoot_client", "import audit"],
)
def test_what_starts_often_loads_no_numerical_library(statement: str, root: Path) -> None:
    assert loaded_by(statement, root) == set()


def test_the_worker_loads_them_before_it_forks(root: Path) -> None:
    assert {"sklearn", "scipy"} <= loaded_by("import folkmoot.jobs.worker", root)
