"""The exported data sets, and one of them: its files, how to load it, what it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import url_for
from pydantic import BaseModel

from audit.actions import Action
from audit.models import Entry
from audit.searching import entries
from crowd.consensus_runs import run_by_id
from crowd.data_sets import data_set_by_id, data_sets
from crowd.models import ConsensusRun, DataSet, Project
from crowd.projects import project_by_id
from folkmoot.identity.naming import names_of
from folkmoot.kernel.outbox import WorkState, failure_of
from folkmoot.kernel.pagination import MOST_ROWS, Page, PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.officer.sentences import words_of
from folkmoot.web.officer.telling import facts_of
from folkmoot.web.paging import Pagination, pagination_of
from folkmoot.web.team.consensus_words import calibration_sentence, method_words
from governance.naming import project_titles

# What each format is called, and its media type.
FORMATS = {
    "parquet": ("Parquet", "application/vnd.apache.parquet"),
    "csv": ("CSV", "text/csv"),
    "jsonl": ("JSON Lines", "application/x-ndjson"),
}
LATEST_DOWNLOADS = PageRequest(limit=10)
KILO = 1000


@dataclass(frozen=True)
class DataSetLine:
    """One data set of the list."""

    id: UUID
    number: int
    project_title: str
    rows: int
    digest: str
    state: str
    at: datetime


@dataclass(frozen=True)
class DataSetsView:
    """A page of the data sets; `is_working` while one of them is being written."""

    data_sets: Sequence[DataSetLine]
    page: Pagination
    is_working: bool


class ManifestFile(BaseModel):
    """One file as the manifest describes it."""

    digest: str
    bytes: int = 0
    rows: int = 0


class Manifest(BaseModel):
    """What of a manifest the page reads."""

    files: dict[str, ManifestFile] = {}


@dataclass(frozen=True)
class FileLine:
    """One file to download."""

    name: str
    format: str
    size_text: str
    digest: str
    url: str


@dataclass(frozen=True)
class Download:
    """Who took the data set away, and when."""

    who: str
    format: str
    at: datetime


@dataclass(frozen=True)
class DataSetView:
    """Everything on one data set's page."""

    data_set: DataSetLine
    project: Project
    requested_by: str
    failure: str
    files: Sequence[FileLine]
    python_lines: str
    facts: Sequence[tuple[str, str]]
    downloads: Sequence[Download]


def data_sets_view_of(uow: UnitOfWork, *, wanted: PageRequest) -> DataSetsView:
    """Read a page of the data sets of all projects."""
    page = data_sets(uow, wanted=wanted)
    return DataSetsView(
        data_sets=_lines(uow, page),
        page=pagination_of(page.mapped(str)),
        is_working=any(each.state is WorkState.REQUESTED for each in page.items),
    )


def data_set_view_of(uow: UnitOfWork, *, data_set_id: UUID, server: str) -> DataSetView:
    """Read one data set; `server` is the address that people type."""
    data_set = data_set_by_id(uow, data_set_id=data_set_id)
    project = project_by_id(uow, project_id=data_set.project_id)
    run = run_by_id(uow, run_id=data_set.consensus_run_id)
    return DataSetView(
        data_set=_line(data_set, project.title),
        project=project,
        requested_by=names_of(uow, [data_set.requested_by])[data_set.requested_by],
        failure=failure_of(uow, subject_id=data_set.id),
        files=_files(data_set),
        python_lines=python_lines(server, project.slug, data_set.number),
        facts=_facts(run),
        downloads=_downloads(uow, data_set),
    )


def training_choices(uow: UnitOfWork, *, project_id: UUID | None = None) -> list[tuple[str, str]]:
    """Return the finished data sets to train from, of one project or of all: (id, text) pairs."""
    page = data_sets(uow, wanted=PageRequest(limit=MOST_ROWS))
    titles = project_titles(uow, {each.project_id for each in page.items})
    return [
        (str(each.id), f"{titles[each.project_id]}, version {each.number} ({each.n_rows:,} rows)")
        for each in page.items
        if each.state is WorkState.FINISHED and project_id in (None, each.project_id)
    ]


def file_name_of(data_set: DataSet, file_format: str) -> str:
    """Return the name under which a file is handed out."""
    return f"data-set-{data_set.number}.{file_format}"


def python_lines(server: str, slug: str, number: int) -> str:
    """Return the three lines that load a data set."""
    return (
        "from folkmoot_client import Folkmoot\n"
        f'folkmoot = Folkmoot("{server}", token="…")\n'
        f'table = folkmoot.data_set("{slug}", {number}).to_pandas()'
    )


def _lines(uow: UnitOfWork, page: Page[DataSet]) -> list[DataSetLine]:
    titles = project_titles(uow, {each.project_id for each in page.items})
    return [_line(each, titles[each.project_id]) for each in page.items]


def _line(data_set: DataSet, project_title: str) -> DataSetLine:
    return DataSetLine(
        id=data_set.id,
        number=data_set.number,
        project_title=project_title,
        rows=data_set.n_rows,
        digest=data_set.digest,
        state=data_set.state.value,
        at=data_set.finished_at or data_set.created_at,
    )


def _files(data_set: DataSet) -> list[FileLine]:
    described = Manifest.model_validate(data_set.manifest).files
    return [
        FileLine(
            name=file_name_of(data_set, name),
            format=FORMATS[name][0],
            size_text=size_text(file.bytes),
            digest=file.digest,
            url=url_for("team.download", data_set_id=data_set.id, file_format=name),
        )
        for name, file in described.items()
        if name in FORMATS
    ]


def size_text(size_bytes: int) -> str:
    """Return a file's size as people say it."""
    if size_bytes < KILO:
        return f"{size_bytes} bytes"
    if size_bytes < KILO**2:
        return f"{size_bytes / KILO:.0f} kB"
    return f"{size_bytes / KILO**2:.1f} MB"


def _facts(run: ConsensusRun) -> list[tuple[str, str]]:
    agreement = "not estimable" if run.agreement is None else f"{run.agreement:.2f}"
    method = f"by {method_words(run)}"
    if run.method_version:
        method += f", version {run.method_version}"
    return [
        ("Consensus", f"run {run.number}, {method}"),
        ("Labels", f"{run.n_labels:,} to {run.n_tasks:,} tasks"),
        ("Agreement", f"{agreement} (Krippendorff’s alpha)"),
        *([("Confidence", sentence)] if (sentence := calibration_sentence(run)) else []),
        ("Labels’ digest", run.input_digest),
        ("Consensus’ digest", run.result_digest),
    ]


def _downloads(uow: UnitOfWork, data_set: DataSet) -> list[Download]:
    found = entries(
        uow,
        action=Action.DATA_SET_DOWNLOADED,
        subject_id=data_set.id,
        wanted=LATEST_DOWNLOADS,
    ).items
    names = names_of(uow, {entry.actor_id for entry in found})
    return [
        Download(names[entry.actor_id], _format_in(entry), entry.recorded_at) for entry in found
    ]


def _format_in(entry: Entry) -> str:
    return FORMATS[words_of(facts_of(entry)["format"])][0]
