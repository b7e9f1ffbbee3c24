"""What every report hands back, and what every kind of report can do."""

from dataclasses import dataclass
from typing import Protocol

from folkmoot.kernel.json_values import JsonObject


@dataclass(frozen=True)
class ReportContent:
    """What a report found, and its pictures as SVG text by name."""

    result: JsonObject
    figures: dict[str, str]


class ReportProblem(Protocol):
    """All that computing a report needs; after this, no database."""

    def solve(self) -> ReportContent:
        """Compute the report: pure, the same problem gives the same content."""
