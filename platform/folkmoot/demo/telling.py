"""Tell the story as it happens, in plain lines that a terminal or a log can hold."""

import sys
import time
from collections.abc import Sequence


class Teller:
    """Prints steps, sentences, figures and tables, and remembers how long each step took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._step = ""
        self._began = time.monotonic()

    def step(self, number: int, title: str) -> None:
        """Begin a step of the story."""
        self.end_step()
        self._step, self._began = f"{number} {title}", time.monotonic()
        self.say("")
        self.say(f"{number}. {title}")

    def end_step(self) -> None:
        """Note how long the step took that is told now."""
        if self._step:
            self.seconds[self._step] = time.monotonic() - self._began
        self._step = ""

    def say(self, sentence: str) -> None:
        """Print one sentence."""
        print(f"   {sentence}" if sentence else "", flush=True)  # noqa: T201

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Print rows with their columns aligned."""
        widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.say("   " + "   ".join(cells).rstrip())

    def progress(self, text: str) -> None:
        """Show progress in place on a terminal; a log gets nothing."""
        if sys.stdout.isatty():
            print(f"\r   {text}", end="", flush=True)  # noqa: T201


def percent(share: float | None) -> str:
    """Return a share as text, such as 83.4 %."""
    return "not estimable" if share is None else f"{100 * share:.1f} %"


def interval(low: float | None, high: float | None) -> str:
    """Return a 95 % interval of a share as text."""
    if low is None or high is None:
        return ""
    return f"({100 * low:.1f} to {100 * high:.1f} %)"
