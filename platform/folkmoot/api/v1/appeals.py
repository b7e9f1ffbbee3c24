"""Appeals: an annotator contests how an answer was judged, a second person decides."""

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from crowd import appeal_decisions, appeals
from crowd.appeals import JudgedLabel
from crowd.models import Appeal, AppealState
from folkmoot.api.operations import Api, Call, PageQuery, PageView, View
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.errors import FieldProblem, InvalidInput
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.pagination import Page

api = Api("appeals")

_MOST_JUDGED = 100


class JudgedLabelView(View):
    """An answer of yours that differs from the checked one, and what became of an appeal."""

    label_id: UUID
    project_id: UUID
    external_id: str
    answer: Json
    checked_answer: Json
    explanation: str
    answered_at: datetime
    was_training: bool
    appeal: AppealState | None
    decision_reason: str


class JudgedLabelsView(View):
    """The latest answers that differ, newest first."""

    items: list[JudgedLabelView]


class AppealView(View):
    """What an annotator contested, and what a second person decided."""

    id: UUID
    project_id: UUID
    task_id: UUID
    label_id: UUID
    annotator_id: UUID
    reason: str
    state: AppealState
    gold_before: Json
    gold_after: Json | None
    created_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    decision_reason: str


class AppealQuery(PageQuery):
    """Which appeals are wanted."""

    project: UUID | None = None
    state: AppealState | None = None


class NewAppeal(BaseModel):
    """Why the answer was right, in the annotator's words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(min_length=1, max_length=appeals.LONGEST_REASON, pattern=r"\S")


class AppealDecision(BaseModel):
    """What becomes of an appeal, and why.

    An upheld one says what is right now in `gold_after`, or drops the task from gold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: appeal_decisions.AppealOutcome
    reason: str = Field(min_length=1, max_length=appeals.LONGEST_REASON, pattern=r"\S")
    gold_after: Json | None = None
    drop_from_gold: bool = False


@api.get("/me/judged-labels", access=Permission.LABEL, shows=JudgedLabelsView)
def list_judged_labels(call: Call) -> dict[str, list[JudgedLabel]]:
    """List your latest answers that differ from the checked ones, with why."""
    found = appeals.judged_labels(call.uow, annotator_id=call.actor.id, at_most=_MOST_JUDGED)
    return {"items": list(found)}


@api.post("/labels/<uuid:label_id>/appeal", access=Permission.LABEL, shows=AppealView)
def open_appeal(call: Call, label_id: UUID, body: NewAppeal) -> Appeal:
    """Contest how an answer of yours was judged; a second person will decide."""
    return appeals.open_appeal(call.uow, call.actor, label_id=label_id, reason=body.reason)


@api.get("/appeals", access=Permission.DECIDE_APPEALS, shows=PageView[AppealView])
def list_appeals(call: Call, query: AppealQuery) -> Page[Appeal]:
    """List what annotators contest, the oldest first."""
    return appeals.appeals(
        call.uow, project_id=query.project, state=query.state, wanted=query.wanted
    )


@api.post(
    "/appeals/<uuid:appeal_id>/decision",
    access=Permission.DECIDE_APPEALS,
    shows=AppealView,
    status=HTTPStatus.OK,
)
def decide_appeal(call: Call, appeal_id: UUID, body: AppealDecision) -> Appeal:
    """Reject an appeal, or uphold it: the gold is corrected and everyone is counted anew."""
    _refuse_contradiction(body)
    return appeal_decisions.decide_appeal(
        call.uow,
        call.actor,
        appeal_id=appeal_id,
        outcome=body.outcome,
        reason=body.reason,
        gold_after=body.gold_after,
    )


def _refuse_contradiction(body: AppealDecision) -> None:
    says_what = (body.gold_after is not None) + body.drop_from_gold
    wanted = 1 if body.outcome is AppealState.UPHELD else 0
    if says_what != wanted:
        sentence = (
            "An appeal that is upheld needs either the right answer or drop_from_gold."
            if wanted
            else "An appeal that is rejected leaves the known answer as it is."
        )
        raise InvalidInput(sentence, fields=[FieldProblem("/gold_after", sentence)])
