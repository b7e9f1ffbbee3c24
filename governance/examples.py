"""Read the labelled cases of an exported data set: exactly the bytes that its digest names."""

import json

from pydantic import BaseModel, ConfigDict

from crowd.data_set_files import OWN_COLUMNS
from crowd.data_sets import file_of
from crowd.models import DataSet, Origin
from crowd.task_types import NominalKind
from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.json_values import Json, JsonObject
from governance.fitting import Example

FORMAT = "jsonl"
# What the export writes before a payload field that is named like one of its own columns.
PAYLOAD_PREFIX = "payload."


class ExportedRow(BaseModel):
    """The columns of an exported row that learning needs; all others are kept as they are."""

    model_config = ConfigDict(extra="allow")

    external_id: str
    origin: Origin
    answer: Json
    confidence: float

    def payload(self) -> JsonObject:
        """Return the case as it was before it was exported."""
        others = {**(self.model_extra or {})}
        return {
            _field_of(column): value
            for column, value in others.items()
            if column not in OWN_COLUMNS
        }

    def example(self, kind: NominalKind) -> Example:
        """Return the row as a case to learn from."""
        return Example(
            external_id=self.external_id,
            is_crowd=self.origin is Origin.CROWD,
            answer=kind.class_of(self.answer),
            confidence=self.confidence,
            payload=self.payload(),
        )


def examples_of(
    artifacts: ArtifactStore, data_set: DataSet, kind: NominalKind
) -> tuple[Example, ...]:
    """Return the labelled cases of a data set, in its order."""
    lines = file_of(data_set, artifacts, file_format=FORMAT).decode().splitlines()
    return tuple(ExportedRow.model_validate(json.loads(line)).example(kind) for line in lines)


def _field_of(column: str) -> str:
    field = column.removeprefix(PAYLOAD_PREFIX)
    return field if field in OWN_COLUMNS else column
