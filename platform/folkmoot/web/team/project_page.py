"""One project: how far it is, and how far its labels can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from crowd.budgets import brings_more
from crowd.consensus_changes import run_before
from crowd.consensus_methods import methods_for
from crowd.consensus_runs import runs_of
from crowd.importing import imports_of
from crowd.models import ConsensusRun, Project, ProjectState, TaskImport
from crowd.pay_floor import PayStanding
from crowd.progress import ProjectProgress, project_progress
from crowd.projects import project_by_slug
from crowd.task_types import task_type_of
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.outbox import WorkState, failure_of
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.annotator.label_page import question_of
from folkmoot.web.money import money_text
from folkmoot.web.team.consensus_words import calibration_sentence, method_words
from folkmoot.web.team.project_figures import ProjectFigures, figures_of
from folkmoot.web.team.wording import METHODS

RECENT = PageRequest(limit=5)
# How often the page looks again, with few tasks and with many: its figures are counted each time.
MANY_TASKS = 10_000
WORKING_SECONDS, LABELLING_SECONDS = (2, 15), (5, 30)

Choices: TypeAlias = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ProjectHead:
    """The project itself, and its rules."""

    slug: str
    title: str
    question: str
    state: str
    floor: int
    ceiling: int
    confidence: float
    pay_text: str
    is_nominal: bool


@dataclass(frozen=True)
class Allowed:
    """What the viewer may do here."""

    to_manage: bool
    to_export: bool
    to_read_labels: bool


@dataclass(frozen=True)
class PayView:
    """How the pay stands beside its floor: `tone` is that of the banner, empty for none."""

    tone: str
    sentence: str
    exception: str | None
    may_except: bool


@dataclass(frozen=True)
class RunLine:
    """One consensus run; what it changed can be shown where one had finished before."""

    id: UUID
    number: int
    method: str
    state: str
    stage: str
    has_changes: bool
    at: datetime
    labels: int
    converged: bool
    failure: str
    notes: Sequence[str]


@dataclass(frozen=True)
class ProjectView:
    """Everything on the page; it looks again by itself after so many seconds, or never."""

    project: ProjectHead
    allowed: Allowed
    next_step: str | None
    figures: ProjectFigures
    pay: PayView
    runs: Sequence[RunLine]
    methods: Choices
    refresh_seconds: int | None


def project_view_of(uow: UnitOfWork, actor: Actor, slug: str) -> ProjectView:
    """Read what the page shows."""
    project = project_by_slug(uow, slug=slug)
    progress = project_progress(uow, project_id=project.id)
    runs = runs_of(uow, project_id=project.id, wanted=RECENT).items
    imports = imports_of(uow, project_id=project.id, wanted=PageRequest(limit=1)).items
    is_working = _is_asked_for(runs) or _is_asked_for(imports)
    return ProjectView(
        project=_head(project),
        allowed=_allowed(actor),
        next_step=_next_step(progress) if actor.may(Permission.MANAGE_PROJECTS) else None,
        figures=figures_of(uow, progress, may_read_labels=actor.may(Permission.READ_LABELS)),
        pay=_pay(progress.pay, may_except=actor.may(Permission.SET_POLICY)),
        runs=[_run(uow, run) for run in runs],
        methods=[(name, METHODS[name]) for name in methods_for(project.task_type)],
        refresh_seconds=refresh_seconds(
            progress.funnel.tasks, is_working=is_working, is_asking=_is_asking(uow, progress)
        ),
    )


def _is_asked_for(work: Sequence[ConsensusRun] | Sequence[TaskImport]) -> bool:
    return any(each.state is WorkState.REQUESTED for each in work)


def _head(project: Project) -> ProjectHead:
    question = question_of(project).text
    return ProjectHead(
        slug=project.slug,
        title=project.title,
        question=question if question != project.title else "",
        state=project.state.value,
        floor=project.floor,
        ceiling=project.ceiling,
        confidence=project.confidence,
        pay_text=money_text(project.pay_minor, project.currency),
        is_nominal=task_type_of(project.task_type).is_nominal,
    )


def _allowed(actor: Actor) -> Allowed:
    return Allowed(
        to_manage=actor.may(Permission.MANAGE_PROJECTS),
        to_export=actor.may(Permission.EXPORT_DATA_SETS),
        to_read_labels=actor.may(Permission.READ_LABELS),
    )


def _next_step(progress: ProjectProgress) -> str | None:
    funnel, state = progress.funnel, progress.project.state
    if not funnel.tasks:
        return "Import tasks. Nobody sees the project until you open it."
    if state is ProjectState.DRAFT:
        return "Open it for labelling when the instructions say what you mean."
    if not funnel.labels:
        return "It waits under Work for annotators. The figures follow as they answer."
    if progress.run is None and funnel.complete:
        return "Run the consensus: it says for each task what to believe, and how firmly."
    return None


def _pay(standing: PayStanding, *, may_except: bool) -> PayView:
    is_wrong = standing.is_underpaid or standing.alarm_at is not None
    is_excepted = standing.exception is not None
    return PayView(
        tone="" if not is_wrong else "warn" if is_excepted else "bad",
        sentence=standing.sentence,
        exception=standing.exception,
        may_except=may_except and is_wrong and not is_excepted,
    )


def refresh_seconds(n_tasks: int, *, is_working: bool, is_asking: bool) -> int | None:
    """Return after how many seconds the page looks again; None where nothing can change."""
    few, many = WORKING_SECONDS if is_working else LABELLING_SECONDS
    if not is_working and not is_asking:
        return None
    return few if n_tasks < MANY_TASKS else many


def _is_asking(uow: UnitOfWork, progress: ProjectProgress) -> bool:
    """Say whether an answer may come: one that is wanted, or that somebody was asked for."""
    project, funnel = progress.project, progress.funnel
    if project.state is not ProjectState.OPEN or funnel.complete >= funnel.tasks:
        return False
    return brings_more(uow, project_id=project.id, budget=project.budget_labels)


def _run(uow: UnitOfWork, run: ConsensusRun) -> RunLine:
    return RunLine(
        id=run.id,
        number=run.number,
        method=method_words(run),
        state=run.state.value,
        stage=run.stage,
        has_changes=run.state is WorkState.FINISHED and run_before(uow, run) is not None,
        at=run.finished_at or run.created_at,
        labels=run.n_labels,
        converged=run.converged,
        failure=failure_of(uow, subject_id=run.id) if run.state is WorkState.FAILED else "",
        notes=[note for note in (run.fallback, calibration_sentence(run)) if note],
    )
