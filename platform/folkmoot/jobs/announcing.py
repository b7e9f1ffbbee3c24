"""Tell the queue that there is work: a hint only, since the sweep finds what was missed."""

import logging

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer

from folkmoot.kernel.outbox import JobName
from folkmoot.kernel.unit_of_work import Announcement, Announcer, stay_silent

log = logging.getLogger(__name__)

ENTRY_POINT = "folkmoot.jobs.running.run_job"
CONNECT_SECONDS = 2

# Each kind of work: its queue, and how long one run may take before it is ended.
QUEUE_OF: dict[JobName, str] = {
    JobName.SEAL_LOG: "audit",
    JobName.VERIFY_LOG: "audit",
    JobName.RECONCILE_LOG: "audit",
    JobName.IMPORT_TASKS: "crowd",
    JobName.OPEN_PLACES: "crowd",
    JobName.FIT_CONSENSUS: "crowd",
    JobName.EXPORT_DATA_SET: "crowd",
    JobName.WATCH_CROWD: "crowd",
    JobName.TRAIN_MODEL: "governance",
    JobName.DECIDE_CASES: "governance",
    JobName.RUN_REPORT: "governance",
}
QUEUES = tuple(dict.fromkeys(QUEUE_OF.values()))
TIMEOUT_SECONDS = {"audit": 600, "crowd": 3600, "governance": 3600}
FAILURE_SECONDS = 60


def connect(queue_url: str) -> Redis:
    """Return a connection to the queue's server; it is opened on first use."""
    return Redis.from_url(queue_url, socket_connect_timeout=CONNECT_SECONDS)


def announcer_for(queue_url: str) -> Announcer:
    """Return what tells this queue of work, or stays silent where there is no queue."""
    if not queue_url:
        return stay_silent
    connection = connect(queue_url)

    def announce(announcement: Announcement) -> None:
        try:
            enqueue(connection, announcement)
        except (RedisError, OSError) as error:
            log.warning("The queue is down; the sweep will find %s: %s", announcement, error)

    return announce


def enqueue(connection: Redis, announcement: Announcement) -> None:
    """Put a job on its queue, unless the same one waits there already."""
    queue_name = QUEUE_OF[JobName(announcement.name)]
    queue = Queue(queue_name, connection=connection, serializer=JSONSerializer)
    try:
        queue.enqueue_call(
            ENTRY_POINT,
            args=(announcement.name, announcement.key),
            # After the death of a worker the queue keeps its job's id for minutes: the next attempt
            # has an id of its own, so that the sweep need not wait for that.
            job_id=f"{announcement.name}-{announcement.key}-{announcement.attempts}",
            unique=True,
            timeout=TIMEOUT_SECONDS[queue_name],
            # The id must be free again as soon as the job has ended, however it ended.
            result_ttl=0,
            failure_ttl=FAILURE_SECONDS,
        )
    except DuplicateJobError:
        log.debug("%s waits already", announcement)
