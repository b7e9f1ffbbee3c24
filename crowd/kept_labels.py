"""A label and its pay as they were just kept: rows, without the cost of objects that change."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from crowd.models import EarningKind, Fate, Origin
from folkmoot.kernel.json_values import Json


class KeptLabel(NamedTuple):
    """A row of `crowd.models.Label`, by the names of its columns."""

    id: UUID
    project_id: UUID
    task_id: UUID
    annotator_id: UUID
    lease_id: UUID | None
    place_number: int | None
    origin: Origin
    answer: Json
    fate: Fate
    is_current: bool
    active_seconds: float
    note: str
    instructions_version: int
    created_at: datetime
    supersedes_id: UUID | None = None


class KeptEarning(NamedTuple):
    """A row of `crowd.models.Earning`, by the names of its columns."""

    id: UUID
    annotator_id: UUID
    project_id: UUID
    lease_id: UUID | None
    amount_minor: int
    currency: str
    earned_at: datetime
    kind: EarningKind = EarningKind.LABEL
    payment_id: UUID | None = None
