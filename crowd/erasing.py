"""How the crowd's tables forget a person: an annotator, or somebody whom a task is about.

What an annotator answered and was paid stays, under an id: the consensus rests on the one, the
books on the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel, col, select

from audit.actions import Action
from audit.erasing import Traces
from audit.models import Entry
from audit.verdicts import ERASED
from crowd.models import (
    AnnotatorPreferences,
    AnnotatorRecord,
    Appeal,
    Consensus,
    DataSet,
    Label,
    Outcome,
    Place,
    Project,
    Sitting,
    Suspicion,
    Task,
    TaskImport,
    TaskState,
    TaskType,
)
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = ["CrowdForgets", "erased_ref"]


def erased_ref(row_id: UUID) -> str:
    """Return what stands where a case had the submitter's own name for it: one for each row."""
    return f"{ERASED} {row_id}"


_TELL_ANSWERS = frozenset(
    {
        Action.LABEL_REVISED,
        Action.EXPERT_LABEL_ADDED,
        Action.LABEL_CONTESTED,
        Action.APPEAL_DECIDED,
    }
)


class CrowdForgets:
    """Forget annotators, and the people whom tasks are about."""

    tables: frozenset[str] = frozenset(
        str(one.__tablename__)
        for one in (
            AnnotatorPreferences,
            AnnotatorRecord,
            Appeal,
            Consensus,
            Label,
            Outcome,
            Project,
            Sitting,
            Suspicion,
            Task,
        )
    )

    def traces(self, uow: UnitOfWork, people: frozenset[UUID]) -> Traces:
        """Return the projects of a person, and the files that hold their tasks' content."""
        tasks = uow.session.exec(select(Task).where(col(Task.id).in_(people))).all()
        worked = select(AnnotatorRecord.project_id).where(
            col(AnnotatorRecord.annotator_id).in_(people)
        )
        projects = {task.project_id for task in tasks}
        return Traces(
            frozenset(),
            frozenset({*projects, *uow.session.exec(worked)}),
            frozenset(_files_with(uow, [task.id for task in tasks], projects)),
        )

    def erase(
        self, uow: UnitOfWork, _actor: Actor, people: frozenset[UUID], *, keeps_identity: bool
    ) -> Mapping[str, int]:
        """Erase the texts by and about an annotator, and the content of a person's tasks."""
        del keeps_identity  # no table of ours has anybody's name
        tasks = uow.session.exec(select(Task).where(col(Task.id).in_(people))).all()
        erased = _erase_annotator(uow, people)
        for task in tasks:
            if task.external_id == erased_ref(task.id):
                continue
            for column, count in _erase_task(uow, task).items():
                erased[column] = erased.get(column, 0) + count
        return erased

    def expire(self, uow: UnitOfWork, entries: Sequence[Entry]) -> Mapping[str, int]:
        """Erase the free texts that these entries recorded."""

        def subjects(action: Action) -> list[UUID]:
            return [one.subject_id for one in entries if one.action is action]

        contested = col(Appeal.label_id).in_(subjects(Action.LABEL_CONTESTED))
        decided = col(Appeal.id).in_(subjects(Action.APPEAL_DECIDED))
        objected = col(Suspicion.id).in_(subjects(Action.SUSPICION_OBJECTED))
        settled = col(Suspicion.id).in_(subjects(Action.SUSPICION_SETTLED))
        excepted = col(Project.id).in_(subjects(Action.PAY_EXCEPTION_MADE))
        return {
            **_expire_words(uow, entries),
            "appeal.reason": _blank(uow, Appeal, "reason", contested),
            "appeal.decision_reason": _blank(uow, Appeal, "decision_reason", decided),
            "suspicion.objection": _blank(uow, Suspicion, "objection", objected),
            "suspicion.note": _blank(uow, Suspicion, "note", settled),
            "project.pay_exception": _blank(uow, Project, "pay_exception", excepted),
        }


def _erase_annotator(uow: UnitOfWork, people: frozenset[UUID]) -> dict[str, int]:
    appeals = col(Appeal.annotator_id).in_(people)
    suspicions = col(Suspicion.annotator_id).in_(people)
    return {
        "appeal.reason": _blank(uow, Appeal, "reason", appeals),
        "appeal.decision_reason": _blank(uow, Appeal, "decision_reason", appeals),
        "suspicion.objection": _blank(uow, Suspicion, "objection", suspicions),
        "suspicion.note": _blank(uow, Suspicion, "note", suspicions),
        "label.note": _blank(uow, Label, "note", col(Label.annotator_id).in_(people)),
        "annotator_record.standing_reason": _blank(
            uow, AnnotatorRecord, "standing_reason", col(AnnotatorRecord.annotator_id).in_(people)
        ),
        "annotator_preferences.accepted_flags": _delete(
            uow, AnnotatorPreferences, col(AnnotatorPreferences.annotator_id).in_(people)
        ),
        "sitting.started_at": _delete(uow, Sitting, col(Sitting.annotator_id).in_(people)),
    }


def _erase_task(uow: UnitOfWork, task: Task) -> dict[str, int]:
    project = uow.session.get_one(Project, task.project_id)
    reference = sa.and_(
        col(Outcome.project_id) == task.project_id, col(Outcome.external_id) == task.external_id
    )
    outcomes = sa.update(Outcome).where(reference).values(external_id=erased_ref(task.id))
    erased = {
        "task.payload": 1,
        "outcome.external_id": uow.session.exec(outcomes).rowcount,
        "label.note": _blank(uow, Label, "note", col(Label.task_id) == task.id),
    }
    task.external_id = erased_ref(task.id)
    task.payload = dict.fromkeys(task.payload, ERASED)
    task.explanation = ERASED if task.explanation else ""
    task.suggestion = None
    # Nobody is asked about what is no longer there.
    task.state = TaskState.COMPLETE
    free = sa.and_(col(Place.task_id) == task.id, col(Place.label_id).is_(None))
    uow.session.exec(sa.update(Place).where(free).values(rank=None))
    if project.task_type is TaskType.TEXT:
        erased["label.answer"] = _erase_answers(uow, task)
    return erased


def _erase_answers(uow: UnitOfWork, task: Task) -> int:
    """Erase what was written about a person; other answers say nothing without the task."""
    task.answer = None if task.answer is None else ERASED
    task.gold_answer = None if task.gold_answer is None else ERASED
    _erase_gold_of_appeals(uow, col(Appeal.task_id) == task.id)
    consensus = sa.update(Consensus).where(col(Consensus.task_id) == task.id)
    uow.session.exec(consensus.values(answer=ERASED))
    return _write(uow, Label, col(Label.task_id) == task.id, "answer")


def _erase_gold_of_appeals(uow: UnitOfWork, which: sa.ColumnElement[bool]) -> int:
    _write(uow, Appeal, which & col(Appeal.gold_after).is_not(None), "gold_after")
    return _write(uow, Appeal, which, "gold_before")


def _write(
    uow: UnitOfWork, table: type[SQLModel], which: sa.ColumnElement[bool], column: str
) -> int:
    """Put the mark of an erasure where an answer is; return in how many rows."""
    return uow.session.exec(sa.update(table).where(which).values({column: ERASED})).rowcount


def _expire_words(uow: UnitOfWork, entries: Sequence[Entry]) -> Mapping[str, int]:
    """Erase the answers in people's own words that these entries recorded.

    A known answer stays with its task, which goes on asking; its project's team is to replace it.
    """
    texts = select(Project.id).where(
        col(Project.id).in_({one.project_id for one in entries if one.project_id}),
        Project.task_type == TaskType.TEXT,
    )
    in_words = set(uow.session.exec(texts))
    told = {
        action: [
            one.subject_id for one in entries if one.action is action and one.project_id in in_words
        ]
        for action in _TELL_ANSWERS
    }
    labels = [*told[Action.LABEL_REVISED], *told[Action.EXPERT_LABEL_ADDED]]
    # The entry of a revision holds the first answer too, of which no other entry tells.
    replaced = select(Label.supersedes_id).where(col(Label.id).in_(labels))
    first = col(Label.id).in_(replaced) & col(Label.supersedes_id).is_(None)
    contested = col(Appeal.label_id).in_(told[Action.LABEL_CONTESTED])
    decided = col(Appeal.id).in_(told[Action.APPEAL_DECIDED])
    return {
        "label.answer": _write(uow, Label, col(Label.id).in_(labels) | first, "answer"),
        "appeal.gold_before": _erase_gold_of_appeals(uow, contested | decided),
    }


def _files_with(uow: UnitOfWork, task_ids: Sequence[UUID], projects: set[UUID]) -> Iterator[str]:
    """Yield the digests of files that hold these tasks: what was imported, and data sets."""
    if not task_ids:
        return
    imports = select(TaskImport).where(col(TaskImport.project_id).in_(projects))
    for one in uow.session.exec(imports):
        yield one.file_digest
        if one.problems_digest is not None:
            yield one.problems_digest
    runs = select(Consensus.run_id).where(col(Consensus.task_id).in_(task_ids))
    for data_set in uow.session.exec(
        select(DataSet).where(col(DataSet.consensus_run_id).in_(runs))
    ):
        files = data_set.manifest.get("files")
        for described in files.values() if isinstance(files, dict) else ():
            if isinstance(described, dict):
                yield str(described["digest"])


def _blank(
    uow: UnitOfWork, table: type[SQLModel], column: str, which: sa.ColumnElement[bool]
) -> int:
    """Put the mark of an erasure where a text is; return how many there were."""
    text = getattr(table, column)
    there = sa.and_(which, text.is_not(None), text != "", text != ERASED)
    return uow.session.exec(sa.update(table).where(there).values({column: ERASED})).rowcount


def _delete(uow: UnitOfWork, table: type[SQLModel], which: sa.ColumnElement[bool]) -> int:
    return uow.session.exec(sa.delete(table).where(which)).rowcount
