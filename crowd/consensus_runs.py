"""Consensus runs: asked for by a person, solved by a job, kept with all that derives them again."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import col, func, select

from audit.actions import Action
from audit.recording import record
from crowd.consensus_loading import load_consensus_problem
from crowd.consensus_methods import WITH_PREDICTIONS, check_method, methods_for, solve
from crowd.consensus_problem import ConsensusProblem, ConsensusSolution
from crowd.models import (
    AnnotatorRecord,
    AnnotatorReliability,
    Consensus,
    ConsensusRun,
    Label,
    Origin,
)
from crowd.projects import locked_project, project_by_id
from crowd.run_reliability import believe_run
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM, Actor
from folkmoot.kernel.errors import Conflict, NotFound
from folkmoot.kernel.outbox import JobName, WorkState, request_job
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = [
    "WITH_PREDICTIONS",
    "ConsensusProblem",
    "ConsensusSolution",
    "cancel_run",
    "enter_stage",
    "labels_so_far",
    "latest_run",
    "load_consensus_problem",
    "methods_for",
    "reliabilities_of",
    "request_consensus",
    "run_by_id",
    "runs_of",
    "solve",
    "store_consensus",
]


def request_consensus(
    uow: UnitOfWork, actor: Actor, *, project_id: UUID, method: str | None = None
) -> ConsensusRun:
    """Ask for the consensus of all labels that there are when the job runs.

    Without a method it is the usual one for the project's task type.
    """
    project = locked_project(uow, project_id)  # runs are numbered one after the other
    method = methods_for(project.task_type)[0] if method is None else method
    check_method(method, project.task_type)
    _refuse_without_labels(uow, project_id)
    run = ConsensusRun(
        project_id=project_id,
        number=_next_number(uow, project_id),
        method=method,
        state=WorkState.REQUESTED,
        requested_by=actor.id,
        labels_at_request=labels_so_far(uow, project_id),
        created_at=clock.now(),
    )
    uow.session.add(run)
    request_job(uow, JobName.FIT_CONSENSUS, subject_id=run.id, requested_by=actor.id)
    _record_step(uow, actor, Action.CONSENSUS_REQUESTED, run)
    return run


def run_by_id(uow: UnitOfWork, *, run_id: UUID) -> ConsensusRun:
    """Return a run, or raise NotFound."""
    run = uow.session.get(ConsensusRun, run_id)
    if run is None:
        raise _unknown_run()
    return run


def runs_of(uow: UnitOfWork, *, project_id: UUID, wanted: PageRequest) -> Page[ConsensusRun]:
    """Return one page of a project's runs, newest first."""
    project_by_id(uow, project_id=project_id)
    statement = select(ConsensusRun).where(ConsensusRun.project_id == project_id)
    return page_by_id(uow, statement, key=ConsensusRun.id, wanted=wanted, newest_first=True)


def latest_run(uow: UnitOfWork, *, project_id: UUID) -> ConsensusRun | None:
    """Return the newest run of a project that has finished, if any has."""
    statement = (
        select(ConsensusRun)
        .where(
            ConsensusRun.project_id == project_id,
            col(ConsensusRun.state) == WorkState.FINISHED,
        )
        .order_by(col(ConsensusRun.number).desc())
        .limit(1)
    )
    return uow.session.exec(statement).first()


def reliabilities_of(uow: UnitOfWork, *, run_id: UUID) -> Sequence[AnnotatorReliability]:
    """Return how reliable each annotator was found to be, the least reliable first."""
    statement = (
        select(AnnotatorReliability)
        .where(AnnotatorReliability.run_id == run_id)
        .order_by(col(AnnotatorReliability.reliability), col(AnnotatorReliability.annotator_id))
    )
    return uow.session.exec(statement).all()


def cancel_run(uow: UnitOfWork, actor: Actor, *, run_id: UUID) -> ConsensusRun:
    """Break a run off; its job stops at its next step, and stores nothing."""
    run = _locked_run(uow, run_id)
    if run.state is not WorkState.REQUESTED:
        raise Conflict("This run has come to its end.")
    run.state = WorkState.CANCELLED
    uow.session.add(run)
    _record_step(uow, actor, Action.CONSENSUS_CANCELLED, run)
    return run


def enter_stage(uow: UnitOfWork, *, run_id: UUID, stage: str) -> bool:
    """Say what a run's job is doing now; False where the run has come to its end meanwhile."""
    run = _locked_run(uow, run_id)
    if run.state is not WorkState.REQUESTED:
        return False
    run.stage = stage
    uow.session.add(run)
    return True


def labels_so_far(uow: UnitOfWork, project_id: UUID) -> int:
    """Return how many labels annotators have given in a project."""
    statement = select(func.coalesce(func.sum(AnnotatorRecord.n_labels), 0)).where(
        AnnotatorRecord.project_id == project_id
    )
    return int(uow.session.exec(statement).one())


def store_consensus(
    uow: UnitOfWork, problem: ConsensusProblem, solution: ConsensusSolution
) -> None:
    """Store what a run found; a run that is stored already, or was cancelled, stays as it is."""
    run = _locked_run(uow, problem.run_id)
    if run.state is not WorkState.REQUESTED:
        return
    connection = uow.session.connection()
    _store_answers(connection, run.id, solution)
    _store_estimates(connection, run.id, solution)
    locked_project(uow, run.project_id)  # of two runs that end together, one sees the other
    later = latest_run(uow, project_id=run.project_id)
    if later is None or later.number < run.number:  # what an earlier one found is older
        believe_run(uow, run, problem.compared)
    _finish(run, problem, solution)
    uow.session.add(run)
    _record_result(uow, run)


def _unknown_run() -> NotFound:
    return NotFound("There is no such consensus run.")


def _refuse_without_labels(uow: UnitOfWork, project_id: UUID) -> None:
    statement = select(Label.id).where(
        Label.project_id == project_id, col(Label.origin) == Origin.CROWD
    )
    if uow.session.exec(statement.limit(1)).first() is None:
        raise Conflict("Nobody has labelled a task of this project yet.")


def _next_number(uow: UnitOfWork, project_id: UUID) -> int:
    statement = select(func.coalesce(func.max(ConsensusRun.number), 0)).where(
        ConsensusRun.project_id == project_id
    )
    return int(uow.session.exec(statement).one()) + 1


def _locked_run(uow: UnitOfWork, run_id: UUID) -> ConsensusRun:
    statement = (
        select(ConsensusRun)
        .where(ConsensusRun.id == run_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    run = uow.session.exec(statement).first()
    if run is None:
        raise _unknown_run()
    return run


def _store_answers(connection: Connection, run_id: UUID, solution: ConsensusSolution) -> None:
    rows = [
        {
            "run_id": run_id,
            "task_id": UUID(task.task),
            "answer": task.answer,
            "confidence": task.confidence,
            "posterior": list(task.posterior),
            "n_labels": task.n_labels,
            "low": task.low,
            "high": task.high,
        }
        for task in solution.tasks
    ]
    connection.execute(sa.insert(Consensus), rows)


def _store_estimates(connection: Connection, run_id: UUID, solution: ConsensusSolution) -> None:
    rows = [
        {
            "run_id": run_id,
            "annotator_id": UUID(estimate.annotator),
            "reliability": estimate.reliability,
            "low": estimate.low,
            "high": estimate.high,
            "n_labels": estimate.n_labels,
            "confusion": [list(row) for row in estimate.confusion],
            "traits": dict(estimate.traits),
        }
        for estimate in solution.annotators
    ]
    connection.execute(sa.insert(AnnotatorReliability), rows)


def _finish(run: ConsensusRun, problem: ConsensusProblem, solution: ConsensusSolution) -> None:
    run.state = WorkState.FINISHED
    run.stage = ""
    run.method_version = solution.method_version
    run.algorithm = solution.method_name
    run.fallback = solution.fallback
    run.calibration = dict(solution.calibration)
    run.parameters = dict(solution.parameters)
    run.input_digest = solution.input_digest
    run.result_digest = solution.result_digest
    run.n_tasks = len(solution.tasks)
    run.n_labels = solution.n_labels
    run.labels_saved = problem.labels_saved
    run.iterations = solution.iterations
    run.converged = solution.converged
    run.agreement = solution.agreement.alpha
    run.agreement_low = solution.agreement.low
    run.agreement_high = solution.agreement.high
    run.finished_at = clock.now()


def _record_step(uow: UnitOfWork, actor: Actor, action: Action, run: ConsensusRun) -> None:
    record(
        uow,
        actor,
        action,
        subject_type="consensus_run",
        subject_id=run.id,
        project_id=run.project_id,
        facts={"number": run.number, "method": run.method},
    )


def _record_result(uow: UnitOfWork, run: ConsensusRun) -> None:
    record(
        uow,
        PLATFORM,
        Action.CONSENSUS_FINISHED,
        subject_type="consensus_run",
        subject_id=run.id,
        project_id=run.project_id,
        facts={
            "number": run.number,
            "method": run.method,
            "method_version": run.method_version,
            "algorithm": run.algorithm,
            "fallback": run.fallback,
            "calibration": run.calibration,
            "parameters": run.parameters,
            "input_digest": run.input_digest,
            "result_digest": run.result_digest,
            "n_tasks": run.n_tasks,
            "n_labels": run.n_labels,
        },
    )
