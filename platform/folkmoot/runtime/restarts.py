"""Decide how soon a program that died starts again, and when to give up on it."""

from collections import deque
from dataclasses import dataclass, field

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class RestartLimit:
    """More than `deaths` deaths in `window_seconds` mean that starting again does not help."""

    deaths: int = 5
    window_seconds: float = 30.0


@dataclass
class Deaths:
    """When one program died lately, on a clock that only moves forward."""

    limit: RestartLimit
    _times: deque[float] = field(default_factory=deque)

    def record(self, now: float) -> float | None:
        """Note a death and return the seconds to pause before a restart, or None to give up.

        The pause doubles with every death in the window, from 0.1 up to 5 seconds.
        """
        self._times.append(now)
        while self._times[0] < now - self.limit.window_seconds:
            self._times.popleft()
        if len(self._times) > self.limit.deaths:
            return None
        pause: float = FIRST_PAUSE_SECONDS * 2 ** (len(self._times) - 1)
        return min(pause, LONGEST_PAUSE_SECONDS)
