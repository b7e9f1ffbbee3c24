import csv
import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import col, select

from audit.models import Entry
from crowd import importing
from crowd.importing import TaskRow, cancel_import, import_by_id, request_import, run_import
from crowd.models import Place, ProjectState, Task, TaskState, TaskUse
from crowd.projects import change_state
from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.errors import Conflict, InvalidInput
from folkmoot.kernel.outbox import Job, JobName, WorkState


@dataclass
class Workshop:
    """The moot's database together with a store of files."""

    moot: object
    artifacts: ArtifactStore

    def unit_of_work(self):
        return self.moot.work()

    def reading(self):
        return self.moot.read()


@pytest.fixture
def workshop(moot, tmp_path: Path) -> Workshop:
    return Workshop(moot, ArtifactStore(tmp_path / "artifacts"))


def ask(workshop: Workshop, project, content: str | bytes, file_name: str = "tasks.csv"):
    written = content if isinstance(content, bytes) else content.encode()
    with workshop.artifacts.receive([written]) as file, workshop.unit_of_work() as uow:
        return request_import(
            uow, workshop.moot.team, project_id=project.id, file_name=file_name, file=file
        )


def finished(workshop: Workshop, project, content: str):
    wanted = ask(workshop, project, content)
    run_import(workshop, import_id=wanted.id)
    with workshop.reading() as uow:
        return import_by_id(uow, import_id=wanted.id)


def test_an_import_is_asked_for_with_its_job(workshop):
    project = workshop.moot.project()
    wanted = ask(workshop, project, "external_id\na\n")

    with workshop.reading() as uow:
        job = uow.session.exec(select(Job).where(Job.subject_id == wanted.id)).one()
    assert (wanted.state, job.name) == (WorkState.REQUESTED, JobName.IMPORT_TASKS)


def test_good_rows_become_tasks_with_floor_places_and_bad_rows_are_reported(workshop):
    project = workshop.moot.project(floor=2, ceiling=4)
    done = finished(workshop, project, "external_id,gold,age\na,,1\nb,maybe,2\nc,yes,3\nd\n")

    assert (done.state, done.added, done.known, done.refused) == (WorkState.FINISHED, 2, 0, 2)
    assert [problem["line"] for problem in done.problems] == [3, 5]
    assert "one of: yes, no" in done.problems[0]["reason"]
    with workshop.reading() as uow:
        stored = {task.external_id: task for task in uow.session.exec(select(Task)).all()}
        places = uow.session.exec(select(Place)).all()
    assert set(stored) == {"a", "c"}
    assert stored["a"].payload == {"age": 1}
    assert stored["a"].state is TaskState.OPEN
    assert stored["c"].gold_answer == "yes"
    assert stored["c"].state is TaskState.COMPLETE
    assert {(place.task_id, place.number) for place in places} == {
        (stored["a"].id, 1),
        (stored["a"].id, 2),
    }


def test_the_same_external_ids_again_count_as_known(workshop):
    project, other = workshop.moot.project(), workshop.moot.project()
    finished(workshop, other, "external_id\na\nb\n")
    finished(workshop, project, "external_id,age\na,1\n")
    again = finished(workshop, project, "external_id,age\na,2\nb,2\nb,3\n")

    assert (again.added, again.known, again.refused) == (1, 2, 0)
    with workshop.reading() as uow:
        payloads = uow.session.exec(
            select(Task.payload)
            .where(Task.project_id == project.id)
            .order_by(col(Task.external_id))
        ).all()
    assert payloads == [{"age": 1}, {"age": 2}]


def test_a_known_id_with_other_content_is_said_and_stays_as_it_was(workshop):
    project, other = workshop.moot.project(), workshop.moot.project()
    finished(workshop, other, "external_id,age\na,7\n")
    finished(workshop, project, "external_id,gold,age\na,,1\nb,yes,1\nc,,1\nd,,1\n")
    again = finished(
        workshop, project, "external_id,gold,age\nd,,1\na,,2\nb,no,1\nc,,1\ne,,1\ne,,2\n,,3\n"
    )

    assert (again.added, again.known, again.refused) == (1, 5, 1)
    told = {problem["line"]: problem["reason"] for problem in again.problems}
    assert list(told) == [3, 4, 7, 8]
    assert told[3] == "a exists already with other content; it was left unchanged."
    assert told[7] == "e stands in line 6 too, with other content; it was left unchanged."
    with workshop.reading() as uow:
        kept = uow.session.exec(
            select(Task.payload).where(Task.project_id == project.id, Task.external_id == "a")
        ).one()
    assert kept == {"age": 1}


def test_a_file_without_rows_is_refused_before_a_job_is_asked_for(workshop):
    project = workshop.moot.project()
    with pytest.raises(InvalidInput, match="The file has no rows"):
        ask(workshop, project, "external_id,age\n")
    with workshop.reading() as uow:
        assert not uow.session.exec(select(Job)).all()


def test_a_list_without_rows_fails_with_a_sentence(workshop):
    project = workshop.moot.project()
    wanted = ask(workshop, project, "[]", "tasks.json")
    with pytest.raises(InvalidInput):
        run_import(workshop, import_id=wanted.id)
    with workshop.reading() as uow:
        done = import_by_id(uow, import_id=wanted.id)
    assert done.state is WorkState.FAILED
    assert done.problems[0]["reason"] == "The file has no rows."


def test_an_import_that_runs_twice_adds_nothing_twice(workshop):
    project = workshop.moot.project()
    wanted = ask(workshop, project, "external_id\na\nb\n")
    run_import(workshop, import_id=wanted.id)
    run_import(workshop, import_id=wanted.id)

    with workshop.reading() as uow:
        done = import_by_id(uow, import_id=wanted.id)
        entries = uow.session.exec(select(Entry).where(Entry.action == "tasks.imported")).all()
    assert (done.added, done.known) == (2, 0)
    assert len(entries) == 1


def test_an_import_that_was_broken_off_goes_on_where_it_ended(workshop, monkeypatch):
    monkeypatch.setattr(importing, "_BATCH_ROWS", 2)
    project = workshop.moot.project()
    wanted = ask(workshop, project, "external_id\na\nb\nc\nd\n,\n")
    workshop_that_dies = BreaksOff(workshop, after=1)
    with pytest.raises(KeyboardInterrupt):
        run_import(workshop_that_dies, import_id=wanted.id)
    with workshop.reading() as uow:
        assert import_by_id(uow, import_id=wanted.id).added == 2

    run_import(workshop, import_id=wanted.id)

    with workshop.reading() as uow:
        done = import_by_id(uow, import_id=wanted.id)
    assert (done.state, done.added, done.known, done.refused) == (WorkState.FINISHED, 4, 0, 1)


class BreaksOff(Workshop):
    """A workshop whose process dies after so many transactions."""

    def __init__(self, workshop: Workshop, after: int) -> None:
        super().__init__(workshop.moot, workshop.artifacts)
        self.left = after

    def unit_of_work(self):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return super().unit_of_work()


def test_a_worker_that_was_overtaken_by_another_counts_nothing_twice(workshop):
    project = workshop.moot.project()
    wanted = ask(workshop, project, "external_id\na\nb\n,\n")
    run_import(Overtaken(workshop, wanted.id), import_id=wanted.id)

    with workshop.reading() as uow:
        done = import_by_id(uow, import_id=wanted.id)
        entries = uow.session.exec(select(Entry).where(Entry.action == "tasks.imported")).all()
    assert (done.added, done.known, done.refused) == (2, 0, 1)
    assert len(entries) == 1


class Overtaken(Workshop):
    """A workshop that is slow to write, so that another one does all the work before it."""

    def __init__(self, workshop: Workshop, import_id: UUID) -> None:
        super().__init__(workshop.moot, workshop.artifacts)
        self.faster, self.import_id = workshop, import_id

    def unit_of_work(self):
        if self.faster is not None:
            faster, self.faster = self.faster, None
            run_import(faster, import_id=self.import_id)
        return super().unit_of_work()


def test_a_file_that_nobody_can_read_fails_with_a_sentence(workshop):
    project = workshop.moot.project()
    wanted = ask(workshop, project, "[{]", "tasks.json")
    with pytest.raises(InvalidInput):
        run_import(workshop, import_id=wanted.id)

    with workshop.reading() as uow:
        done = import_by_id(uow, import_id=wanted.id)
    assert done.state is WorkState.FAILED
    assert "not JSON" in done.problems[0]["reason"]


def test_a_wrong_file_is_refused_at_once_and_nothing_is_stored(workshop):
    project = workshop.moot.project()
    with pytest.raises(InvalidInput, match="external_id"):
        ask(workshop, project, "id\n1\n")


def test_a_closed_project_takes_no_tasks(workshop):
    project = workshop.moot.project()
    with workshop.unit_of_work() as uow:
        change_state(uow, workshop.moot.team, project_id=project.id, state=ProjectState.CLOSED)
    with pytest.raises(Conflict, match="closed"):
        ask(workshop, project, "external_id\na\n")


def test_tasks_keep_the_order_of_their_files(moot):
    project = moot.project()
    moot.tasks(project, "z", "y")
    moot.tasks(project, "z", TaskRow("first", {}, priority=1), "a")
    given = [moot.lease(project, moot.person()).external_id for _ in range(4)]

    assert given == ["first", "z", "y", "a"]


def told_file(workshop: Workshop, import_id: UUID) -> list[list[str]]:
    with workshop.reading() as uow:
        found = importing.problems_of(uow, workshop.artifacts, import_id=import_id)
    text = found if isinstance(found, bytes) else found.read_bytes()
    return list(csv.reader(io.StringIO(text.decode())))


def test_refused_rows_are_told_in_a_file_once_even_if_a_run_dies(workshop, monkeypatch):
    monkeypatch.setattr(importing, "_BATCH_ROWS", 2)
    project = workshop.moot.project()
    wanted = ask(workshop, project, "external_id,gold\n=a,maybe\nb,\n,\nd\ne,\n=f,no\n,\n")
    with pytest.raises(KeyboardInterrupt):
        run_import(BreaksOff(workshop, after=2), import_id=wanted.id)
    assert [row[0] for row in told_file(workshop, wanted.id)] == ["line", "2", "4", "5"]
    growing = next((workshop.artifacts.folder / "growing").iterdir())
    growing.write_bytes(growing.read_bytes() + b"what a dead run wrote before its commit")

    run_import(workshop, import_id=wanted.id)

    rows = told_file(workshop, wanted.id)
    assert [row[:2] for row in rows[1:]] == [["2", "'=a"], ["4", ""], ["5", ""], ["8", ""]]
    assert "The gold answer is not allowed." in rows[1][2]
    assert list((workshop.artifacts.folder / "growing").iterdir()) == []


def test_an_import_that_is_broken_off_keeps_what_it_added(workshop, monkeypatch):
    monkeypatch.setattr(importing, "_BATCH_ROWS", 2)
    project = workshop.moot.project()
    wanted = ask(workshop, project, "external_id\na\nb\nc\nd\n")
    with pytest.raises(KeyboardInterrupt):
        run_import(BreaksOff(workshop, after=1), import_id=wanted.id)
    with workshop.unit_of_work() as uow:
        cancel_import(uow, workshop.moot.team, import_id=wanted.id)
    run_import(workshop, import_id=wanted.id)

    with workshop.reading() as uow:
        done = import_by_id(uow, import_id=wanted.id)
        entries = uow.session.exec(select(Entry.action)).all()
    assert (done.state, done.added, done.rows_read) == (WorkState.CANCELLED, 2, 2)
    assert "tasks.import_cancelled" in entries
    with pytest.raises(Conflict, match="come to its end"), workshop.unit_of_work() as uow:
        cancel_import(uow, workshop.moot.team, import_id=wanted.id)


def test_two_imports_at_once_into_one_project_add_each_task_once(workshop, monkeypatch):
    monkeypatch.setattr(importing, "_BATCH_ROWS", 7)
    project = workshop.moot.project(floor=2, ceiling=2)
    files = [
        "external_id\n" + "".join(f"t{number}\n" for number in numbers)
        for numbers in (range(60), range(59, 19, -1), range(30, 90))
    ]
    wanted = [ask(workshop, project, content) for content in files]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda one: run_import(workshop, import_id=one.id), wanted))

    with workshop.reading() as uow:
        done = [import_by_id(uow, import_id=one.id) for one in wanted]
        stored = uow.session.exec(select(Task)).all()
        places = uow.session.exec(select(Place)).all()
    assert {one.state for one in done} == {WorkState.FINISHED}
    assert {task.external_id for task in stored} == {f"t{number}" for number in range(90)}
    assert sum(one.added for one in done) == len(stored) == 90
    assert sum(one.known for one in done) == 160 - 90
    assert len({task.position for task in stored}) == 90
    assert Counter(place.task_id for place in places) == {task.id: 2 for task in stored}


def test_training_suggestion_and_explanation_are_stored_as_checked(workshop):
    project = workshop.moot.project()
    done = finished(
        workshop,
        project,
        "external_id,gold,training,explanation,suggestion\n"
        "a,yes,true,See the note.,\nb,,,,no\nc,,,,perhaps\nd,no,,,\n",
    )
    assert (done.added, done.refused, done.problems[0]["line"]) == (3, 1, 4)
    stored = {name: workshop.moot.read_task(project, name) for name in "abd"}
    assert [task.use for task in stored.values()] == [
        TaskUse.TRAINING,
        TaskUse.ORDINARY,
        TaskUse.GOLD,
    ]
    assert (stored["a"].explanation, stored["b"].suggestion) == ("See the note.", "no")
    assert stored["b"].gold_answer is None
    with workshop.reading() as uow:
        assert {place.task_id for place in uow.session.exec(select(Place)).all()} == {
            stored["b"].id
        }


def test_a_gold_answer_with_parts_is_written_as_json(workshop):
    schema = {"choices": ["red", "green", "blue"]}
    project = workshop.moot.project(task_type="multiple_choice", answer_schema=schema)
    text = 'external_id,gold\na,"[""red"", ""blue""]"\nb,"[""pink""]"\nc,red\n'
    done = finished(workshop, project, text)

    assert (done.added, [problem["line"] for problem in done.problems]) == (1, [3, 4])
    assert workshop.moot.read_task(project, "a").gold_answer == ["red", "blue"]


def test_progress_is_known_while_a_file_is_read(workshop, monkeypatch):
    monkeypatch.setattr(importing, "_BATCH_ROWS", 2)
    project = workshop.moot.project()
    content = "external_id\na\nb\nc\nd\n"
    wanted = ask(workshop, project, content)
    with pytest.raises(KeyboardInterrupt):
        run_import(BreaksOff(workshop, after=1), import_id=wanted.id)
    with workshop.reading() as uow:
        halfway = import_by_id(uow, import_id=wanted.id)
    assert (halfway.rows_read, halfway.bytes_read) == (2, content.index("c"))
    assert (halfway.n_bytes, halfway.started_at <= halfway.advanced_at) == (len(content), True)
