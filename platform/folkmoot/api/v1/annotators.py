"""Annotators: how far their answers can be trusted, what was noticed of them, what follows."""

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from crowd import annotator_stories, settling, suspicions
from crowd.annotator_stories import AnnotatorStory
from crowd.models import (
    Pattern,
    Qualification,
    Standing,
    Suspicion,
    SuspicionState,
    WatchAction,
)
from crowd.suspicion_sentences import noticed
from folkmoot.api.operations import Api, Call, PageQuery, PageView, View
from folkmoot.identity.naming import names_of
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.pagination import Page

api = Api("annotators")

_WORDS = r"\S"


class SkillView(View):
    """The chance that an answer is right, with the limits of the middle 95 %."""

    mean: float
    low: float
    high: float


class AnnotatorView(View):
    """One annotator in a project."""

    annotator_id: UUID
    annotator_name: str
    n_labels: int
    gold_seen: int
    gold_right: int
    active_seconds: float
    skill: SkillView
    standing: Standing
    standing_reason: str
    qualification: Qualification
    qualified_until: datetime | None
    open_suspicions: int


class SuspicionView(View):
    """A pattern that was noticed: what was seen, what follows, what was said to it."""

    id: UUID
    project_id: UUID
    annotator_id: UUID
    pattern: Pattern
    action: WatchAction
    sentence: str
    evidence: JsonObject
    state: SuspicionState
    found_at: datetime
    objection: str
    settled_by: UUID | None
    settled_at: datetime | None
    note: str


class SuspicionQuery(PageQuery):
    """Which suspicions are wanted."""

    project: UUID | None = None
    state: SuspicionState | None = None


class Settlement(BaseModel):
    """What a person made of a suspicion, and why.

    `follows` replaces what the project declared, where the suspicion is confirmed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: settling.Settlement
    note: str = Field(min_length=1, max_length=settling.LONGEST_NOTE, pattern=_WORDS)
    follows: WatchAction | None = None


class Objection(BaseModel):
    """What the annotator says to what was noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    objection: str = Field(min_length=1, max_length=settling.LONGEST_NOTE, pattern=_WORDS)


@api.get(
    "/projects/<uuid:project_id>/annotators",
    access=Permission.READ_LABELS,
    shows=PageView[AnnotatorView],
)
def list_annotators(call: Call, project_id: UUID, query: PageQuery) -> Page[AnnotatorView]:
    """List the annotators of a project, with their skill and how they stand."""
    page = annotator_stories.annotators_of(call.uow, project_id=project_id, wanted=query.wanted)
    names = names_of(call.uow, [story.annotator_id for story in page.items])
    return page.mapped(lambda story: _view(story, names.get(story.annotator_id, "")))


@api.get("/suspicions", access=Permission.READ_LABELS, shows=PageView[SuspicionView])
def list_suspicions(call: Call, query: SuspicionQuery) -> Page[SuspicionView]:
    """List what was noticed of annotators, the newest first."""
    page = suspicions.suspicions_of(
        call.uow, project_id=query.project, state=query.state, wanted=query.wanted
    )
    return page.mapped(_suspicion_view)


@api.post(
    "/suspicions/<uuid:suspicion_id>/settle",
    access=Permission.DECIDE_APPEALS,
    shows=SuspicionView,
    status=HTTPStatus.OK,
)
def settle_suspicion(call: Call, suspicion_id: UUID, body: Settlement) -> SuspicionView:
    """Clear a suspicion, or confirm it and say what follows."""
    settled = settling.settle_suspicion(
        call.uow,
        call.actor,
        suspicion_id=suspicion_id,
        outcome=body.outcome,
        note=body.note,
        follows=body.follows,
    )
    return _suspicion_view(settled)


@api.post(
    "/suspicions/<uuid:suspicion_id>/objection",
    access=Permission.LABEL,
    shows=SuspicionView,
    status=HTTPStatus.OK,
)
def object_to_suspicion(call: Call, suspicion_id: UUID, body: Objection) -> SuspicionView:
    """Say why what was noticed of your answers has a good reason."""
    kept = settling.object_to_suspicion(
        call.uow, call.actor, suspicion_id=suspicion_id, objection=body.objection
    )
    return _suspicion_view(kept)


def _view(story: AnnotatorStory, name: str) -> AnnotatorView:
    return AnnotatorView(
        annotator_name=name,
        skill=SkillView.model_validate(story.skill),
        **{
            name: getattr(story, name)
            for name in AnnotatorView.model_fields
            if name not in {"annotator_name", "skill"}
        },
    )


def _suspicion_view(suspicion: Suspicion) -> SuspicionView:
    sentence = noticed(suspicion.pattern, suspicion.evidence, whose="the annotator’s")
    return SuspicionView(sentence=sentence, **suspicion.model_dump())
