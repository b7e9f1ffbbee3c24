"""The queue: what waits for a human, by deadline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crowd.models import Project
from crowd.projects import project_by_slug, projects
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.pagination import MOST_ROWS, PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.paging import Pagination, pagination_of
from folkmoot.web.reviewer.wording import wording_of
from governance.models import Decision
from governance.naming import version_names
from governance.review import queue
from governance.review.counting import QueueCounts, queue_counts


@dataclass(frozen=True)
class QueueFilters:
    """What the reviewer asked to see."""

    project: str = ""
    high_stakes: bool = False

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "QueueFilters":
        """Return what the address says."""
        return cls(query.get("project", ""), query.get("high_stakes") == "yes")


@dataclass(frozen=True)
class CaseLine:
    """One waiting decision as a line."""

    id: str
    case_ref: str
    project_title: str
    model_name: str
    proposed_label: str
    hold_reason: str
    due_at: datetime | None
    is_overdue: bool
    is_high_stakes: bool
    claimed_by_other: bool


@dataclass(frozen=True)
class QueueView:
    """Everything on the page; `next_project` narrows what the next case is taken from."""

    counts: QueueCounts
    cases: Sequence[CaseLine]
    filters: QueueFilters
    projects: Sequence[tuple[str, str]]
    page: Pagination


def queue_view_of(
    uow: UnitOfWork, actor: Actor, *, filters: QueueFilters, wanted: PageRequest
) -> QueueView:
    """Read a page of the queue."""
    project_id = chosen_project(uow, filters)
    page = queue(uow, wanted=wanted, project_id=project_id, only_high_stakes=filters.high_stakes)
    everything = projects(uow, wanted=PageRequest(limit=MOST_ROWS)).items
    return QueueView(
        counts=queue_counts(uow, reviewer_id=actor.id, project_id=project_id),
        cases=_lines(uow, actor, page.items, {each.id: each for each in everything}),
        filters=filters,
        projects=[(each.slug, each.title) for each in everything],
        page=pagination_of(page.mapped(str)),
    )


def chosen_project(uow: UnitOfWork, filters: QueueFilters) -> UUID | None:
    """Return the project that the reviewer narrowed the queue to."""
    return project_by_slug(uow, slug=filters.project).id if filters.project else None


def _lines(
    uow: UnitOfWork, actor: Actor, waiting: Sequence[Decision], known: Mapping[UUID, Project]
) -> list[CaseLine]:
    versions = version_names(uow, {each.model_version_id for each in waiting})
    return [
        _line(actor, each, known[each.project_id], versions[each.model_version_id])
        for each in waiting
    ]


def _line(actor: Actor, decision: Decision, project: Project, version: str) -> CaseLine:
    now = clock.now()
    is_claimed = decision.claimed_until is not None and decision.claimed_until > now
    return CaseLine(
        id=str(decision.id),
        case_ref=decision.case_ref,
        project_title=project.title,
        model_name=version,
        proposed_label=wording_of(project).words(decision.proposed),
        hold_reason=decision.hold_reason,
        due_at=decision.due_at,
        is_overdue=decision.due_at is not None and decision.due_at < now,
        is_high_stakes=decision.is_high_stakes,
        claimed_by_other=is_claimed and decision.claimed_by != actor.id,
    )
