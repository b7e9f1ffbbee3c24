"""The RQ worker process: loads the heavy libraries once, then forks for every job."""

import logging

from rq import Queue, Worker
from rq.serializers import JSONSerializer

from folkmoot.jobs import queues  # noqa: F401  # loads the jobs, and what they need, before the fork
from folkmoot.jobs.announcing import QUEUES, connect
from folkmoot.kernel.settings import load_settings


def work(queue_url: str, *, burst: bool = False) -> None:
    """Work off the queues, the audit log's first, until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    connection = connect(queue_url)
    listened = [Queue(name, connection=connection, serializer=JSONSerializer) for name in QUEUES]
    worker = Worker(listened, connection=connection, serializer=JSONSerializer)
    worker.work(burst=burst, with_scheduler=False, logging_level="WARNING")


if __name__ == "__main__":
    work(load_settings().queue_url)
