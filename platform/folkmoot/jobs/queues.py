"""What each kind of job runs. Imported by the worker only: it loads the numerical libraries."""

from collections.abc import Callable
from uuid import UUID

from folkmoot.bootstrap import Services
from folkmoot.jobs import audit_jobs, crowd_jobs, governance_jobs
from folkmoot.kernel.outbox import JobName

JOBS: dict[JobName, Callable[[Services, UUID], None]] = {
    JobName.IMPORT_TASKS: crowd_jobs.import_tasks,
    JobName.OPEN_PLACES: crowd_jobs.open_places,
    JobName.FIT_CONSENSUS: crowd_jobs.fit_consensus,
    JobName.EXPORT_DATA_SET: crowd_jobs.export_data_set,
    JobName.WATCH_CROWD: crowd_jobs.watch_crowd,
    JobName.TRAIN_MODEL: governance_jobs.train_model,
    JobName.DECIDE_CASES: governance_jobs.decide_cases,
    JobName.RUN_REPORT: governance_jobs.run_report,
    JobName.VERIFY_LOG: audit_jobs.verify_log,
    JobName.RECONCILE_LOG: audit_jobs.reconcile_log,
}
