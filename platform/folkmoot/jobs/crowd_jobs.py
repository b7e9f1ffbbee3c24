"""Jobs of the crowd queue: read, compute without a transaction, store."""

from dataclasses import replace
from uuid import UUID

from crowd import consensus_runs, copy_watch, data_sets, importing, raising_floor
from crowd.aggregation import heard_by
from crowd.consensus_watch import FitWatch, RunEndedError
from folkmoot.bootstrap import Services
from governance.predictions import predictions_for


def import_tasks(services: Services, import_id: UUID) -> None:
    """Read an imported file, batch by batch."""
    importing.run_import(services, import_id=import_id)


def open_places(services: Services, project_id: UUID) -> None:
    """Open the places that tasks lack since their project's rules were raised."""
    raising_floor.open_missing_places(services, project_id=project_id)


def fit_consensus(services: Services, run_id: UUID) -> None:
    """Aggregate a project's labels, unless the run is cancelled meanwhile."""
    if not _enters(services, run_id, "reading the labels"):
        return
    with services.reading() as uow:
        problem = consensus_runs.load_consensus_problem(uow, run_id=run_id)
        if problem.method == consensus_runs.WITH_PREDICTIONS:
            problem = replace(problem, predictions=predictions_for(uow, run_id=run_id))
    stage = f"weighing {len(problem.labels):,} labels"
    if not _enters(services, run_id, stage):
        return
    try:
        with heard_by(FitWatch(services.unit_of_work, run_id=run_id, stage=stage)):
            solution = consensus_runs.solve(problem)
    except RunEndedError:
        return
    if not _enters(services, run_id, f"storing {len(solution.tasks):,} answers"):
        return
    with services.unit_of_work() as uow:
        consensus_runs.store_consensus(uow, problem, solution)


def _enters(services: Services, run_id: UUID, stage: str) -> bool:
    with services.unit_of_work() as uow:
        return consensus_runs.enter_stage(uow, run_id=run_id, stage=stage)


def export_data_set(services: Services, data_set_id: UUID) -> None:
    """Write a consensus run out as files."""
    with services.reading() as uow:
        rows = data_sets.load_data_set_rows(uow, data_set_id=data_set_id)
    files = data_sets.write_files(rows)
    with services.unit_of_work() as uow:
        data_sets.store_data_set(uow, services.artifacts, rows=rows, files=files)


def watch_crowd(services: Services, project_id: UUID) -> None:
    """Look for copied answers in a project."""
    with services.reading() as uow:
        pairs = copy_watch.find_copied(uow, project_id=project_id)
    for pair in pairs:
        with services.unit_of_work() as uow:
            copy_watch.suspect_copying(uow, pair, project_id=project_id)
