"""The annotators of a project: how far each can be trusted, and what was noticed of whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from crowd.annotator_stories import AnnotatorStory, annotators_of
from crowd.models import (
    Project,
    Qualification,
    Standing,
    Suspicion,
    SuspicionState,
    WatchAction,
)
from crowd.projects import project_by_slug
from crowd.suspicion_sentences import noticed
from crowd.suspicions import suspicions_of
from crowd.task_types import task_type_of
from folkmoot.identity.naming import names_of
from folkmoot.identity.permissions import Permission
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.figures import Rate
from folkmoot.web.paging import Pagination, pagination_of

# All that waits is shown; of what was settled, the latest.
_WAITING, _SETTLED = PageRequest(limit=200), PageRequest(limit=20)

FOLLOWS: Mapping[WatchAction, str] = MappingProxyType(
    {
        WatchAction.REVIEW: "nothing more",
        WatchAction.WARN: "a warning",
        WatchAction.RETRAIN: "training once more",
        WatchAction.PAUSE: "a pause",
    }
)
_MEANWHILE: Mapping[WatchAction, str] = MappingProxyType(
    {
        WatchAction.REVIEW: "They go on until somebody has looked at it.",
        WatchAction.WARN: "They were told, and go on.",
        WatchAction.RETRAIN: "They are asked to train once more before they go on.",
        WatchAction.PAUSE: "They are paused until somebody has looked at it.",
    }
)
_STANDINGS: Mapping[Standing, tuple[str, str]] = MappingProxyType(
    {
        Standing.GOOD: ("good", ""),
        Standing.WARNED: ("warned", "warn"),
        Standing.RETRAINING: ("in training again", "warn"),
        Standing.PAUSED: ("paused", "bad"),
    }
)


@dataclass(frozen=True)
class AnnotatorLine:
    """One annotator; `rests_on` says which answers the skill rests on."""

    name: str
    labels: int
    skill: Rate
    rests_on: str
    seconds_each: float | None
    standing: str
    tone: str
    qualification: str
    suspicions: int


@dataclass(frozen=True)
class SuspicionView:
    """Something that was noticed, in words, and what may be done about it."""

    id: UUID
    annotator: str
    seen: str
    meanwhile: str
    at: datetime
    objection: str
    state: str
    is_own: bool
    action: str
    settled_by: str
    settled_at: datetime | None
    note: str


@dataclass(frozen=True)
class AnnotatorsView:
    """Everything on the page."""

    project: Project
    chance: float | None
    people: Sequence[AnnotatorLine]
    page: Pagination
    waiting: Sequence[SuspicionView]
    settled: Sequence[SuspicionView]
    may_settle: bool
    follows: Sequence[tuple[str, str]]


def annotators_view_of(
    uow: UnitOfWork, actor: Actor, slug: str, *, wanted: PageRequest
) -> AnnotatorsView:
    """Read what the page shows."""
    project = project_by_slug(uow, slug=slug)
    page = annotators_of(uow, project_id=project.id, wanted=wanted)
    waiting, settled = _suspicions(uow, project)
    people = [story.annotator_id for story in page.items]
    settlers = [one.settled_by for one in settled if one.settled_by is not None]
    names = names_of(uow, [*people, *(one.annotator_id for one in [*waiting, *settled]), *settlers])
    return AnnotatorsView(
        project=project,
        chance=_chance(project),
        people=[_line(story, names) for story in page.items],
        page=pagination_of(page.mapped(str)),
        waiting=[_suspicion(one, names, actor) for one in waiting],
        settled=[_suspicion(one, names, actor) for one in settled],
        may_settle=actor.may(Permission.DECIDE_APPEALS),
        follows=_what_may_follow(project),
    )


def _suspicions(
    uow: UnitOfWork, project: Project
) -> tuple[Sequence[Suspicion], Sequence[Suspicion]]:
    waiting = suspicions_of(uow, project_id=project.id, wanted=_WAITING, state=SuspicionState.OPEN)
    latest = suspicions_of(uow, project_id=project.id, wanted=_SETTLED)
    settled = [one for one in latest.items if one.state is not SuspicionState.OPEN]
    return waiting.items, settled


def _chance(project: Project) -> float | None:
    """Return how often blind guessing would be right, where answers fall into classes."""
    kind = task_type_of(project.task_type)
    classes = getattr(kind, "classes", None) if kind.is_nominal else None
    return None if classes is None else 1 / len(classes(project.answer_schema))


def _line(story: AnnotatorStory, names: Mapping[UUID, str]) -> AnnotatorLine:
    words, tone = _STANDINGS[story.standing]
    return AnnotatorLine(
        name=names[story.annotator_id],
        labels=story.n_labels,
        skill=Rate(story.skill.mean, story.skill.low, story.skill.high),
        rests_on=_rests_on(story),
        seconds_each=story.active_seconds / story.n_labels if story.n_labels else None,
        standing=words,
        tone=tone,
        qualification=_qualification(story),
        suspicions=story.open_suspicions,
    )


def _rests_on(story: AnnotatorStory) -> str:
    parts = []
    if story.gold_seen:
        parts.append(f"{story.gold_right} of {story.gold_seen} known answers right")
    if story.run_labels:
        parts.append(f"a run over {story.run_labels:,} answers")
    if round(story.compared):
        parts.append(f"compared with others on {round(story.compared):,} since")
    return "; ".join(parts) or "nothing checked yet"


def _qualification(story: AnnotatorStory) -> str:
    if story.qualification is Qualification.PASSED:
        until = story.qualified_until
        if until is None:
            return "qualified"
        is_over = until <= clock.now()
        return f"qualified {'until' if not is_over else 'up to'} {until:%d %b %Y}"
    return "did not pass training" if story.qualification is Qualification.FAILED else ""


def _suspicion(one: Suspicion, names: Mapping[UUID, str], actor: Actor) -> SuspicionView:
    return SuspicionView(
        id=one.id,
        annotator=names[one.annotator_id],
        seen=noticed(one.pattern, one.evidence, whose="their"),
        meanwhile=_MEANWHILE[one.action],
        at=one.found_at,
        objection=one.objection,
        state=one.state.value,
        is_own=one.annotator_id == actor.id,
        action=one.action.value,
        settled_by="" if one.settled_by is None else names[one.settled_by],
        settled_at=one.settled_at,
        note=one.note,
    )


def _what_may_follow(project: Project) -> Sequence[tuple[str, str]]:
    possible = [
        action
        for action in FOLLOWS
        if action is not WatchAction.RETRAIN or project.training_questions
    ]
    return [(action.value, FOLLOWS[action]) for action in possible]
