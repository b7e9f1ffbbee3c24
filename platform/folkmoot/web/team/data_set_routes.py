"""The addresses of data sets."""

from uuid import UUID

from flask import Response, jsonify, render_template

from crowd.data_sets import data_set_by_id, file_of, record_download
from folkmoot.identity.access import current_actor, requires
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.errors import NotFound
from folkmoot.web.files import as_file
from folkmoot.web.paging import wanted_page
from folkmoot.web.services import reading, services, unit_of_work
from folkmoot.web.team.blueprint import blueprint
from folkmoot.web.team.data_set_pages import (
    FORMATS,
    data_set_view_of,
    data_sets_view_of,
    file_name_of,
)


@blueprint.get("/data-sets")
@requires(Permission.READ_DATA_SETS)
def datasets() -> str:
    """Show the data sets of all projects."""
    with reading() as uow:
        view = data_sets_view_of(uow, wanted=wanted_page())
    return render_template("team/datasets.html", **vars(view))


@blueprint.get("/data-sets/<uuid:data_set_id>")
@requires(Permission.READ_DATA_SETS)
def dataset(data_set_id: UUID) -> str:
    """Show one data set."""
    server = services().settings.public_url
    with reading() as uow:
        view = data_set_view_of(uow, data_set_id=data_set_id, server=server)
    return render_template("team/dataset.html", **vars(view))


@blueprint.get("/data-sets/<uuid:data_set_id>/files/<file_format>")
@requires(Permission.READ_DATA_SETS)
def download(data_set_id: UUID, file_format: str) -> Response:
    """Hand out one file, and record who took it."""
    if file_format not in FORMATS:
        raise NotFound(f"Data sets are not written as {file_format}.")
    with reading() as uow:
        data_set = data_set_by_id(uow, data_set_id=data_set_id)
    content = file_of(data_set, services().artifacts, file_format=file_format)
    with unit_of_work() as uow:
        record_download(uow, current_actor(), data_set=data_set, file_format=file_format)
    answer = Response(content, mimetype=FORMATS[file_format][1])
    return as_file(answer, file_name_of(data_set, file_format))


@blueprint.get("/data-sets/<uuid:data_set_id>/manifest.json")
@requires(Permission.READ_DATA_SETS)
def manifest(data_set_id: UUID) -> Response:
    """Hand out the manifest: what the data set was made from, and the digest of every file."""
    with reading() as uow:
        data_set = data_set_by_id(uow, data_set_id=data_set_id)
    return as_file(jsonify(data_set.manifest), f"data-set-{data_set.number}.manifest.json")
