from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlmodel import SQLModel, select

import crowd.models
import governance.models  # noqa: F401  # makes its tables known
from crowd.importing import import_by_id, request_import
from crowd.models import Task, TaskImport
from crowd.projects import ProjectDraft, create_project
from folkmoot.bootstrap import Services, bootstrap
from folkmoot.cli import import_tasks
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.settings import Settings


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    made = bootstrap(Settings(data_dir=tmp_path / "var"))
    SQLModel.metadata.create_all(made.engine)
    monkeypatch.setattr(import_tasks, "open_services", lambda: made)
    draft = ProjectDraft.model_validate(
        {
            "slug": "ward",
            "title": "Ward",
            "answer_schema": {"question": "Follow up?", "choices": ["yes", "no"]},
            "instructions": "Look.",
            "pay_minor": 5,
        }
    )
    with made.unit_of_work() as uow:
        create_project(uow, PLATFORM, draft=draft)
    return made


def run(project: str, file: Path) -> Result:
    return CliRunner().invoke(import_tasks.command, [project, str(file)])


def stored(services: Services, table: type[SQLModel]) -> list[SQLModel]:
    with services.reading() as uow:
        return list(uow.session.exec(select(table)).all())


def test_a_file_is_read_to_its_end_and_summed_up(services: Services, tmp_path: Path) -> None:
    file = tmp_path / "tasks.csv"
    file.write_text("external_id,gold\na,\nb,maybe\nc,yes\n")
    done = run("ward", file)

    assert done.exit_code == import_tasks.REFUSED_SOME
    assert "2 added, 0 known or repeated, 1 refused." in done.output
    told = Path(done.output.split("Rows to look at: ")[1].split("\n")[0])
    assert told == tmp_path / "tasks.problems.csv"
    assert told.read_text().splitlines()[1].startswith('3,b,"The gold answer is not allowed.')
    assert len(stored(services, Task)) == 2


def test_the_same_file_again_goes_on_where_a_run_ended(services: Services, tmp_path: Path) -> None:
    file = tmp_path / "tasks.csv"
    file.write_text("external_id\na\nb\n")
    with (
        services.artifacts.receive([file.read_bytes()]) as received,
        services.unit_of_work() as uow,
    ):
        project = uow.session.exec(select(crowd.models.Project)).one()
        begun = request_import(
            uow, PLATFORM, project_id=project.id, file_name="tasks.csv", file=received
        )
    done = run("ward", file)

    assert done.exit_code == 0, done.output
    assert "This file was begun before" in done.output
    assert len(stored(services, TaskImport)) == 1
    with services.reading() as uow:
        assert import_by_id(uow, import_id=begun.id).state is WorkState.FINISHED
    assert "0 added, 2 known or repeated" in run("ward", file).output


def test_a_file_that_breaks_off_is_said_with_a_status(services: Services, tmp_path: Path) -> None:
    file = tmp_path / "tasks.json"
    file.write_text('[{"external_id": "a"}, {"ext')
    done = run("ward", file)

    assert done.exit_code == 1
    assert "After row 1 the file is not JSON" in done.output
    nowhere = run("nowhere", file).exception
    assert isinstance(nowhere, NotFound)
    assert "“nowhere”" in nowhere.message
