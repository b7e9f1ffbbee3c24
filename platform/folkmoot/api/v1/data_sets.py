"""Data sets: consensus written out for ML teams, with a manifest that can be checked."""

from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from crowd import data_sets
from crowd.models import DataSet
from folkmoot.api.operations import Api, Call, Download, PageQuery, PageView, View
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.pagination import Page

api = Api("data sets")


class FileFormat(StrEnum):
    """The formats that a data set is written in."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"


MEDIA_TYPES = {
    FileFormat.PARQUET: "application/vnd.apache.parquet",
    FileFormat.CSV: "text/csv",
    FileFormat.JSONL: "application/x-ndjson",
}


class NewDataSet(BaseModel):
    """Which consensus run to write out; without one, the latest that has finished."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    consensus_run_id: UUID | None = None


class DataSetView(View):
    """A data set and its manifest."""

    id: UUID
    project_id: UUID
    consensus_run_id: UUID
    number: int
    state: WorkState
    n_rows: int
    digest: str
    manifest: JsonObject
    created_at: datetime


@api.post(
    "/projects/<uuid:project_id>/data-sets",
    access=Permission.EXPORT_DATA_SETS,
    shows=DataSetView,
    status=HTTPStatus.ACCEPTED,
)
def create_data_set(call: Call, project_id: UUID, body: NewDataSet) -> DataSet:
    """Write a consensus run out as a data set; a job does it."""
    return data_sets.request_data_set(
        call.uow, call.actor, project_id=project_id, consensus_run_id=body.consensus_run_id
    )


@api.get(
    "/projects/<uuid:project_id>/data-sets",
    access=Permission.READ_DATA_SETS,
    shows=PageView[DataSetView],
)
def list_data_sets(call: Call, project_id: UUID, query: PageQuery) -> Page[DataSet]:
    """List the data sets of a project, the newest first."""
    return data_sets.data_sets_of(call.uow, project_id=project_id, wanted=query.wanted)


@api.get("/data-sets/<uuid:data_set_id>", access=Permission.READ_DATA_SETS, shows=DataSetView)
def get_data_set(call: Call, data_set_id: UUID) -> DataSet:
    """Return one data set with its manifest."""
    return data_sets.data_set_by_id(call.uow, data_set_id=data_set_id)


@api.get(
    "/data-sets/<uuid:data_set_id>/files/<file_format>",
    access=Permission.READ_DATA_SETS,
    shows=Download,
)
def download_data_set(call: Call, data_set_id: UUID, file_format: FileFormat) -> Download:
    """Hand out a data set as one file; its digest stands in the manifest."""
    data_set = data_sets.data_set_by_id(call.uow, data_set_id=data_set_id)
    content = data_sets.file_of(data_set, call.services.artifacts, file_format=file_format)
    with call.services.unit_of_work() as uow:  # who took it is recorded, though nothing changes
        data_sets.record_download(uow, call.actor, data_set=data_set, file_format=file_format)
    name = f"data-set-{data_set.number}.{file_format.value}"
    return Download(content, MEDIA_TYPES[file_format], name)
