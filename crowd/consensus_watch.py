"""Saying how far a fit is, and ending it where its run was broken off."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import OperationalError

from crowd.consensus_runs import enter_stage
from folkmoot.kernel import clock
from folkmoot.kernel.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

# Seldom enough to cost nothing, and often enough for whoever watches.
_BETWEEN_WORDS = timedelta(seconds=2)


class RunEndedError(Exception):
    """A run that has come to its end while its job was at work."""


class FitWatch:
    """Hear the iterations of a fit; write the latest into its run from time to time."""

    def __init__(
        self,
        unit_of_work: Callable[[], AbstractContextManager[UnitOfWork]],
        *,
        run_id: UUID,
        stage: str,
        between: timedelta = _BETWEEN_WORDS,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._run_id = run_id
        self._stage = stage
        self._between = between
        self._said_at = clock.now()

    def __call__(self, iterations: int) -> None:
        """Say the iteration if it is time to; raise RunEndedError if the run has ended."""
        now = clock.now()
        if now - self._said_at < self._between:
            return
        self._said_at = now
        try:
            is_wanted = self._is_wanted_at(f"{self._stage}, step {iterations}")
        except OperationalError as error:
            # A fit of an hour shall not end for a word about it; the next one is soon.
            log.warning("A run could not say how far it is: %s", error.orig)
            return
        if not is_wanted:
            raise RunEndedError

    def _is_wanted_at(self, stage: str) -> bool:
        with self._unit_of_work() as uow:
            return enter_stage(uow, run_id=self._run_id, stage=stage)
