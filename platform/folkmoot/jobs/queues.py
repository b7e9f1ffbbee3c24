"""What each kind of job runs. Imported by the worker only: it loads the numerical libraries."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import SQLModel

from crowd.models import ConsensusRun, DataSet, TaskImport
from folkmoot.bootstrap import Services
from folkmoot.jobs import audit_jobs, crowd_jobs, governance_jobs
from folkmoot.kernel.outbox import JobName
from governance.models import DecisionBatch, ModelVersion, Report


@dataclass(frozen=True)
class JobKind:
    """A kind of job: what it runs, and whose state says that it failed."""

    run: Callable[[Services, UUID], None]
    subject: type[SQLModel] | None = None


JOB_KINDS: dict[JobName, JobKind] = {
    JobName.IMPORT_TASKS: JobKind(crowd_jobs.import_tasks, TaskImport),
    JobName.FIT_CONSENSUS: JobKind(crowd_jobs.fit_consensus, ConsensusRun),
    JobName.EXPORT_DATA_SET: JobKind(crowd_jobs.export_data_set, DataSet),
    JobName.TRAIN_MODEL: JobKind(governance_jobs.train_model, ModelVersion),
    JobName.DECIDE_CASES: JobKind(governance_jobs.decide_cases, DecisionBatch),
    JobName.RUN_REPORT: JobKind(governance_jobs.run_report, Report),
    JobName.VERIFY_LOG: JobKind(audit_jobs.verify_log),
}
