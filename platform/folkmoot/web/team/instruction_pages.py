"""A project's instructions, version by version, and what changed between two of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import ndiff

from markupsafe import Markup

from crowd.models import Instructions, Project
from crowd.projects import instructions_of, instructions_versions, project_by_slug
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.markdown import rendered

_KINDS = {"+ ": "added", "- ": "removed", "  ": "kept"}


@dataclass(frozen=True)
class DiffLine:
    """One line of two versions: `kind` is added, removed or kept."""

    kind: str
    text: str


@dataclass(frozen=True)
class InstructionsView:
    """One version as annotators see it, and what it changed of the one before."""

    project: Project
    chosen: Instructions
    shown: Markup
    is_newest: bool
    versions: Sequence[Instructions]
    diff: Sequence[DiffLine]


def instructions_view_of(uow: UnitOfWork, slug: str, *, version: int | None) -> InstructionsView:
    """Read one version of the instructions, the newest unless told."""
    project = project_by_slug(uow, slug=slug)
    chosen = instructions_of(uow, project_id=project.id, version=version)
    versions = instructions_versions(uow, project_id=project.id)
    before = next((each.text for each in versions if each.version == chosen.version - 1), None)
    return InstructionsView(
        project=project,
        chosen=chosen,
        shown=rendered(chosen.text),
        is_newest=chosen.version == project.instructions_version,
        versions=versions,
        diff=[] if before is None else diff_of(before, chosen.text),
    )


def diff_of(before: str, after: str) -> list[DiffLine]:
    """Return the lines of two texts, in the order of the later one."""
    lines = ndiff(before.splitlines(), after.splitlines())
    # The lines that only point at letters within a line are left out.
    return [DiffLine(_KINDS[line[:2]], line[2:]) for line in lines if line[:2] in _KINDS]
