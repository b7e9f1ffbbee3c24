"""Record that a job failed for good. Light: the sweep imports it, and loads no mathematics."""

from sqlmodel import SQLModel

from audit.actions import Action
from audit.recording import record
from crowd.models import ConsensusRun, DataSet, TaskImport
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.outbox import Job, JobName, JobState, WorkState, finish_job
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.models import DecisionBatch, ModelVersion, Report, VersionState

# Whose own state says that its work failed.
SUBJECT_OF: dict[JobName, type[SQLModel]] = {
    JobName.IMPORT_TASKS: TaskImport,
    JobName.FIT_CONSENSUS: ConsensusRun,
    JobName.EXPORT_DATA_SET: DataSet,
    JobName.TRAIN_MODEL: ModelVersion,
    JobName.DECIDE_CASES: DecisionBatch,
    JobName.RUN_REPORT: Report,
}


def fail_job(uow: UnitOfWork, job: Job, *, message: str) -> None:
    """Record that a job failed for good, on its own row, its subject's, and in the log."""
    finish_job(uow, job.id, state=JobState.FAILED, message=message)
    subject_type = SUBJECT_OF.get(job.name)
    subject = uow.session.get(subject_type, job.subject_id) if subject_type else None
    if subject is not None:
        state = getattr(subject, "state")  # noqa: B009  # every subject of a job has one
        # What was stored before its worker died, or broken off, has come to its own end.
        if state in {WorkState.REQUESTED, VersionState.TRAINING}:
            setattr(subject, "state", type(state)("failed"))  # noqa: B010
    record(
        uow,
        PLATFORM,
        Action.JOB_FAILED,
        subject_type="job",
        subject_id=job.id,
        facts={"job": job.name.value, "subject": str(job.subject_id)},
        # It may quote what somebody typed or imported.
        personal={"message": message},
        personal_of=job.subject_id,
    )
