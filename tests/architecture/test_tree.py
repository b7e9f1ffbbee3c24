"""Where things lie: `platform` is a folder, tests are no packages, and files stay small."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

# Tables of one part belong together, so that all of them can be read at once. What an auditor
# carries away to check the log without us is one file.
LONGER_FILES = {"crowd/models.py": 420, "audit/offline/verify.py": 1800}
LONGEST_FILE = 300
LONGEST_FUNCTION = 45
USUAL_FUNCTION = 20

# Written so that this file does not find itself.
PLACES_OF_A_MACHINE = re.compile(
    r"(?<![\w.$}])/(?:work|root|home|Users)/[\w.]|(?:pypi|registry)\.(?:org|npmjs)\b|--index-url|proxy\.golang"
)
TEXT = {".py", ".md", ".toml", ".txt", ".html", ".css", ".js", ".json", ".sh", ".mako", ".yaml", ""}


def test_platform_is_a_folder_and_never_a_package(root: Path) -> None:
    assert not (root / "platform" / "__init__.py").exists()


def test_python_finds_its_own_platform_from_the_root(root: Path) -> None:
    script = "import platform, uuid, flask; print(platform.python_version())"

    said = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )

    assert said.stdout.startswith("3.")


def test_tests_are_no_packages(root: Path) -> None:
    assert list((root / "tests").rglob("__init__.py")) == []


def test_every_package_says_what_it_is(sources) -> None:
    silent = [path for path, tree in sources.items() if ast.get_docstring(tree) is None]

    assert silent == []


def test_files_have_one_subject_and_stay_short(root: Path, sources) -> None:
    longer = {
        path: lines
        for path in sources
        if (lines := len((root / path).read_text().splitlines()))
        > LONGER_FILES.get(path, LONGEST_FILE)
    }

    assert longer == {}


def test_functions_fit_on_a_screen(sources) -> None:
    lengths = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {name: n for name, n in lengths.items() if n >= LONGEST_FUNCTION} == {}
    longer_than_usual = sum(n > USUAL_FUNCTION for n in lengths.values())
    assert longer_than_usual / len(lengths) < 0.1


def test_models_keep_their_annotations(sources) -> None:
    # SQLModel reads annotations when a class is made; postponed ones break relationships.
    postponed = [
        path
        for path, tree in sources.items()
        if path.endswith("models.py") and "__future__" in ast.dump(tree)
    ]

    assert postponed == []


def test_nothing_names_a_place_on_one_machine(root: Path, repository_files: list[Path]) -> None:
    named = [
        f"{path.relative_to(root)}: {found.group()}"
        for path in repository_files
        if path.suffix in TEXT
        and path != Path(__file__)
        and (found := PLACES_OF_A_MACHINE.search(path.read_text(encoding="utf-8")))
    ]

    assert named == []


@pytest.mark.parametrize("lock", ["runtime.txt", "dask.txt", "dev.txt"])
def test_the_lock_has_a_hash_for_every_package_and_names_no_host(root: Path, lock: str) -> None:
    text = (root / "requirements" / lock).read_text()

    pinned = re.findall(r"^[\w.\[\]-]+==", text, flags=re.MULTILINE)
    assert len(pinned) > 30
    assert text.count("--hash=sha256:") >= len(pinned)
    assert "://" not in text
