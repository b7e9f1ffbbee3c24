"""The sweep as a process of its own: `python -m folkmoot.jobs.sweeper`."""

import logging
import signal
from threading import Event
from types import FrameType

from folkmoot.bootstrap import bootstrap
from folkmoot.jobs.sweep import sweep_forever
from folkmoot.kernel.settings import load_settings

EVERY_SECONDS = 2.0


def main() -> None:
    """Sweep until a signal asks us to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    sweep_forever(bootstrap(load_settings()), every_seconds=EVERY_SECONDS, stop=stop)


if __name__ == "__main__":
    main()
