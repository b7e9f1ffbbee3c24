"""The tree as the tests of its architecture see it: files, their syntax, the whole application."""

import ast
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from folkmoot.bootstrap import bootstrap
from folkmoot.kernel.settings import Settings

SOURCES = ("audit", "crowd", "governance", "platform/folkmoot", "platform/folkmoot_client")

Trees = dict[str, ast.Module]


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def sources(root: Path) -> Trees:
    """The syntax of every module of ours, by its path from the root."""
    return {
        path.relative_to(root).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for folder in SOURCES
        for path in sorted((root / folder).rglob("*.py"))
    }


@pytest.fixture(scope="session")
def domain(sources: Trees) -> Trees:
    """The modules that may know no web, no queue and no clock of their own."""
    floors = ("audit/", "crowd/", "governance/", "platform/folkmoot/kernel/")
    return {path: tree for path, tree in sources.items() if path.startswith(floors)}


@pytest.fixture(scope="session")
def repository_files(root: Path) -> list[Path]:
    """Every file that is, or is about to be, in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no checkout")
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in map(root.joinpath, names) if path.is_file()]


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The whole application."""
    from folkmoot.app import create_app  # noqa: PLC0415  # tests of the tree need no application

    folder = tmp_path_factory.mktemp("architecture")
    return create_app(bootstrap(Settings(data_dir=folder, database_url="sqlite://")))
