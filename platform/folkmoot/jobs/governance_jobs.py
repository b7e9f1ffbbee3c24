"""Jobs of the governance queue: read, compute without a transaction, store."""

from uuid import UUID

from folkmoot.bootstrap import Services
from governance import deciding, training
from governance.reports import running


def train_model(services: Services, version_id: UUID) -> None:
    """Train and evaluate a model version."""
    with services.reading() as uow:
        problem = training.load_training_problem(uow, services.artifacts, version_id=version_id)
    result = training.train(problem)
    with services.unit_of_work() as uow:
        training.store_version(uow, services.artifacts, problem=problem, result=result)


def decide_cases(services: Services, batch_id: UUID) -> None:
    """Decide a batch of cases by the active version."""
    with services.reading() as uow:
        problem = deciding.load_batch(uow, services.artifacts, batch_id=batch_id)
    proposals = deciding.decide(problem)
    with services.unit_of_work() as uow:
        deciding.store_decisions(uow, problem=problem, proposals=proposals)


def run_report(services: Services, report_id: UUID) -> None:
    """Compute a report."""
    with services.reading() as uow:
        problem = running.load_report(uow, services.artifacts, report_id=report_id)
    content = problem.solve()
    with services.unit_of_work() as uow:
        running.store_report(uow, report_id=report_id, content=content)
