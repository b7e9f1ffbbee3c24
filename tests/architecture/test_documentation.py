"""What is documented is there, what is there is documented, and no link leads nowhere."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from audit.actions import Action
from crowd.models import TaskType
from folkmoot.cli.main import COMMANDS
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.settings import Settings
from folkmoot.problems import STATUS_OF
from governance.models import ReasonCode

REFERENCE = "docs/reference"


@pytest.fixture(scope="module")
def writer(root: Path) -> ModuleType:
    """The script that writes the reference."""
    place = root / "scripts" / "write_reference.py"
    spec = importlib.util.spec_from_file_location("write_reference", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_page_that_is_made_from_the_code_is_stale(root: Path, writer: ModuleType) -> None:
    stale = [
        name
        for name, write in writer.PAGES.items()
        if (root / REFERENCE / name).read_text() != write()
    ]

    assert stale == [], "run `make docs`"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("audit-actions.md", [f"`{action.value}`" for action in Action]),
        ("settings.md", [f"`FOLKMOOT_{name.upper()}`" for name in Settings.model_fields]),
        ("commands.md", [f"## folkmoot {name}" for name in COMMANDS]),
        ("problems.md", [f"## {kind.code}\n" for kind in STATUS_OF]),
        ("permissions.md", [f"`{permission.value}`" for permission in Permission]),
        ("task-types.md", [f"## `{kind.value}`" for kind in TaskType]),
        ("reason-codes.md", [f"`{code.value}`" for code in ReasonCode]),
    ],
)
def test_everything_is_documented(root: Path, page: str, words: list[str]) -> None:
    text = (root / REFERENCE / page).read_text()

    assert [word for word in words if word not in text] == []


def test_every_action_is_recorded_by_somebody(writer: ModuleType) -> None:
    assert [name for name, modules in writer._recorders().items() if not modules] == []


def test_no_link_leads_nowhere(root: Path) -> None:
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *root.glob("migrations/*.md")]
    broken = [
        f"{page.relative_to(root)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert broken == []


def test_every_path_that_the_documentation_names_is_there(root: Path) -> None:
    pages = [root / "CONTRIBUTING.md", *(root / "docs").rglob("*.md")]
    places = r"`((?:audit|crowd|governance|platform|migrations|tests|scripts|docs)/[\w./-]+)`"
    gone = [
        f"{page.relative_to(root)}: {named}"
        for page in pages
        for named in re.findall(places, page.read_text())
        if not (root / named).exists()
    ]

    assert gone == []


def test_every_page_is_in_the_index(root: Path) -> None:
    index = (root / "docs" / "README.md").read_text()
    missing = [
        page.relative_to(root / "docs").as_posix()
        for page in (root / "docs").rglob("*.md")
        if page.name != "README.md" and page.relative_to(root / "docs").as_posix() not in index
    ]

    assert missing == []


def test_every_number_of_a_decision_is_given_once(root: Path) -> None:
    numbers = [page.name[:4] for page in sorted((root / "docs" / "decisions").glob("*.md"))]

    assert numbers == [f"{at:04}" for at in range(1, len(numbers) + 1)]
