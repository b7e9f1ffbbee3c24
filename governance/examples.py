"""Read the labelled cases of an exported data set: exactly the bytes that its digest names."""

import json

from pydantic import BaseModel, ConfigDict, ValidationError

from crowd.models import DataSet, Origin
from crowd.task_types import AnswerKind
from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.json_values import Json
from governance.fitting import Example

FORMAT = "jsonl"


class DataSetRow(BaseModel):
    """The columns of an exported row that learning needs; all others are the case's payload."""

    model_config = ConfigDict(extra="allow")

    external_id: str
    origin: Origin
    answer: Json
    confidence: float | None
    n_labels: int
    posterior: Json

    def example(self, kind: AnswerKind) -> Example:
        """Return the row as a case to learn from."""
        return Example(
            external_id=self.external_id,
            is_crowd=self.origin is Origin.CROWD,
            answer=kind.class_of(self.answer),
            confidence=1.0 if self.confidence is None else self.confidence,
            payload=dict(self.model_extra or {}),
        )


class _FileEntry(BaseModel):
    digest: str


class _Manifest(BaseModel):
    files: dict[str, _FileEntry]


def examples_of(
    artifacts: ArtifactStore, data_set: DataSet, kind: AnswerKind
) -> tuple[Example, ...]:
    """Return the labelled cases of a data set; a row without an answer teaches nothing."""
    lines = artifacts.get(_digest_of(data_set)).decode().splitlines()
    rows = (DataSetRow.model_validate(json.loads(line)) for line in lines)
    return tuple(row.example(kind) for row in rows if row.answer is not None)


def _digest_of(data_set: DataSet) -> str:
    try:
        return _Manifest.model_validate(data_set.manifest).files[FORMAT].digest
    except (ValidationError, KeyError) as error:
        raise Conflict(f"Data set {data_set.number} has no {FORMAT} file to learn from.") from error
