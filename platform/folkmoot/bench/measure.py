"""What every bench hands back: figures, each with its unit and, where one is set, its bar."""

import json
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured figure. `at_most` or `at_least` is the bar that it has to meet."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_met(self) -> bool:
        """Say whether the bar is met; a figure without one always is."""
        above = self.at_least is None or self.value >= self.at_least
        return above and (self.at_most is None or self.value <= self.at_most)

    @property
    def bar(self) -> str:
        """Return the bar as text."""
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return f"at least {self.at_least:g}" if self.at_least is not None else ""


# A bench's `run`: its own options come as keyword arguments.
Bench = Callable[..., Iterable[Figure]]


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table for people."""
    rows = [("figure", "value", "unit", "bar", "")]
    rows += [
        (one.name, f"{one.value:,.3g}", one.unit, one.bar, "" if one.is_met else "NOT MET")
        for one in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def write_json(path: Path, *, bench: str, figures: Sequence[Figure]) -> None:
    """Write the figures for machines, with what they were measured on."""
    document = {
        "bench": bench,
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "figures": [{**asdict(one), "is_met": one.is_met} for one in figures],
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
