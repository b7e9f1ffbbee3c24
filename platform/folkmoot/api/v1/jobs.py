"""Jobs: how far background work is."""

from datetime import datetime
from uuid import UUID

from folkmoot.api.operations import Api, Call, View
from folkmoot.kernel import outbox
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.outbox import Job, JobName, JobState

api = Api("jobs")


class JobView(View):
    """One piece of background work."""

    id: UUID
    name: JobName
    subject_id: UUID
    state: JobState
    attempts: int
    message: str
    requested_at: datetime
    finished_at: datetime | None


@api.get("/jobs/<uuid:job_id>", access=None, shows=JobView)
def get_job(call: Call, job_id: UUID) -> Job:
    """Return how far a job of yours is."""
    job = outbox.job_by_id(call.uow, job_id=job_id)
    if job is None or job.requested_by != call.actor.id:
        raise NotFound("There is no job of yours with that id.")
    return job
