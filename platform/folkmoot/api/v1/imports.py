"""Imports: send a file of tasks, see how far it is, fetch what was refused."""

from http import HTTPStatus
from uuid import UUID

from crowd import importing
from crowd.models import TaskImport
from crowd.projects import project_by_id
from folkmoot.api.operations import Api, Call, Download, PageQuery, PageView
from folkmoot.api.v1.imports_schemas import ImportQuery, ImportView
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.artifacts import ReceivedFile
from folkmoot.kernel.pagination import Page

api = Api("imports")

FILE_TYPES = (
    "text/csv",
    "application/x-ndjson",
    "application/json",
    "application/vnd.apache.parquet",
    "application/octet-stream",
)


@api.post(
    "/projects/<uuid:project_id>/imports",
    access=Permission.MANAGE_PROJECTS,
    shows=ImportView,
    status=HTTPStatus.ACCEPTED,
    takes=FILE_TYPES,
)
def import_tasks(
    call: Call, project_id: UUID, query: ImportQuery, body: ReceivedFile
) -> TaskImport:
    """Import tasks from a CSV, JSONL, JSON or Parquet file; a job reads it."""
    return importing.request_import(
        call.uow, call.actor, project_id=project_id, file_name=query.file_name, file=body
    )


@api.get(
    "/projects/<uuid:project_id>/imports",
    access=Permission.MANAGE_PROJECTS,
    shows=PageView[ImportView],
)
def list_imports(call: Call, project_id: UUID, query: PageQuery) -> Page[TaskImport]:
    """List the imports of a project, newest first."""
    project_by_id(call.uow, project_id=project_id)
    return importing.imports_of(call.uow, project_id=project_id, wanted=query.wanted)


@api.get("/imports/<uuid:import_id>", access=Permission.MANAGE_PROJECTS, shows=ImportView)
def get_import(call: Call, import_id: UUID) -> TaskImport:
    """Return how far an import is, and the first thousand rows that were refused, with why."""
    return importing.import_by_id(call.uow, import_id=import_id)


@api.get("/imports/<uuid:import_id>/problems", access=Permission.MANAGE_PROJECTS, shows=Download)
def get_import_problems(call: Call, import_id: UUID) -> Download:
    """Hand out every row that was refused or left out as CSV: line, external_id, reason."""
    found = importing.problems_of(call.uow, call.services.artifacts, import_id=import_id)
    return Download(found, "text/csv", f"import-{import_id}-problems.csv")


@api.post(
    "/imports/<uuid:import_id>/cancel",
    access=Permission.MANAGE_PROJECTS,
    shows=ImportView,
    status=HTTPStatus.OK,
)
def cancel_import(call: Call, import_id: UUID) -> TaskImport:
    """Break an import off; the tasks that it has added stay."""
    return importing.cancel_import(call.uow, call.actor, import_id=import_id)
