"""Rows of the crowd that were edited, added or removed behind the log's back are named."""

import pytest
import sqlalchemy as sa

from audit.reconciling import Reconciled, reconcile
from crowd.claims import CROWD_CLAIMS
from crowd.models import Project, ProjectState
from crowd.projects import ProjectChange, change_project, change_state
from crowd.revising import revise_label

from .conftest import Crowd


@pytest.fixture
def project(moot: Crowd) -> Project:
    """A project that was changed, with a label that was revised."""
    project = moot.project(ceiling=2)
    moot.tasks(project, "a", "b")
    ann = moot.person()
    label = moot.answer(project, ann).label
    with moot.work() as uow:
        revise_label(uow, ann, label_id=label.id, answer="no")
        change_project(
            uow, moot.team, project_id=project.id, change=ProjectChange(title="Another title")
        )
        return change_state(uow, moot.team, project_id=project.id, state=ProjectState.PAUSED)


def compared(moot: Crowd) -> dict[str, Reconciled]:
    with moot.read() as uow:
        return {one.name: one for one in reconcile(uow, CROWD_CLAIMS)}


def disagreements(moot: Crowd) -> list[tuple[str, str]]:
    return [
        (name, found.sentence) for name, one in compared(moot).items() for found in one.findings
    ]


def test_what_was_done_by_the_book_agrees(moot: Crowd, project: Project) -> None:
    found = compared(moot)
    assert disagreements(moot) == []
    assert (found["projects"].n_rows, found["projects"].n_entries) == (1, 1)
    assert (found["revised labels"].n_rows, found["revised labels"].n_entries) == (1, 1)


@pytest.mark.parametrize(
    ("statement", "kind", "sentence"),
    [
        ("UPDATE project SET floor = 2", "rules of projects", "the floor of the project"),
        ("UPDATE project SET state = 'open'", "rules of projects", "the state of the project"),
        ("UPDATE project SET title = 'Mine'", "rules of projects", "the title of the project"),
        ("UPDATE project SET watch = '[1'", "projects", "cannot be compared"),
        (
            "UPDATE label SET answer = '\"yes\"' WHERE supersedes_id IS NOT NULL",
            "revised labels",
            "changed after it was recorded",
        ),
        (
            "UPDATE label SET origin = 'review' WHERE supersedes_id IS NOT NULL",
            "revised labels",
            "was deleted from the database",
        ),
        (
            "UPDATE audit_entry SET action = 'label.contested' WHERE action = 'label.revised'",
            "revised labels",
            "There is no entry (label.revised)",
        ),
        (
            "UPDATE audit_entry SET action = 'label.contested' WHERE action = 'label.revised'",
            "appeals",
            "was deleted from the database",
        ),
    ],
)
def test_what_was_done_behind_the_logs_back_is_named(
    moot: Crowd, project: Project, statement: str, kind: str, sentence: str
) -> None:
    if "'[1'" in statement and moot.engine.dialect.name == "postgresql":
        pytest.skip("PostgreSQL stores no broken JSON")
    with moot.engine.begin() as connection:
        assert connection.execute(sa.text(statement)).rowcount == 1
    assert any(name == kind and sentence in said for name, said in disagreements(moot))


def test_other_rows_are_left_alone(moot: Crowd, project: Project) -> None:
    other = moot.project()
    with moot.engine.begin() as connection:
        changed = sa.text("UPDATE project SET ceiling = 7 WHERE slug = :slug")
        connection.execute(changed, {"slug": other.slug})
    ((kind, said),) = disagreements(moot)
    assert (kind, str(other.id) in said) == ("rules of projects", True)
