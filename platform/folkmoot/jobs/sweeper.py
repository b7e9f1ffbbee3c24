"""The sweep and the sequencer as a process of their own: `python -m folkmoot.jobs.sweeper`."""

import logging
import signal
from threading import Event, Thread
from types import FrameType

from folkmoot.bootstrap import bootstrap
from folkmoot.jobs.sequencer import seal_forever
from folkmoot.jobs.sweep import sweep_forever
from folkmoot.jobs.witness_asking import witness_threads
from folkmoot.kernel.settings import load_settings

EVERY_SECONDS = 2.0


def main() -> None:
    """Sweep, seal and ask witnesses until a signal asks us to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    services = bootstrap(load_settings())
    # A thread of its own: a sweep may take seconds, and an entry does not wait so long.
    sequencer = Thread(target=seal_forever, args=(services,), kwargs={"stop": stop})
    sequencer.start()
    witness_threads(services, stop=stop)
    sweep_forever(services, every_seconds=EVERY_SECONDS, stop=stop)
    sequencer.join()


if __name__ == "__main__":
    main()
