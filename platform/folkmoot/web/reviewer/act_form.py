"""What a reviewer sends to act on a case."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from werkzeug.datastructures import MultiDict

from crowd.projects import project_by_id
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import InvalidInput
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.reviewer.case_page import Typed
from folkmoot.web.reviewer.wording import wording_of
from governance.models import Act, ReasonCode, Review
from governance.review import review_decision
from governance.review.waiting import locked_decision

Kind = TypeVar("Kind", bound=StrEnum)


def typed_in(form: MultiDict[str, str]) -> Typed:
    """Return what was filled in, as it was."""
    return Typed(
        view_id=form.get("view_id", ""),
        act=form.get("act", ""),
        outcome=form.get("outcome", ""),
        reason_codes=form.getlist("reason_codes"),
        reason_text=form.get("reason_text", ""),
    )


def review_as_typed(uow: UnitOfWork, actor: Actor, *, decision_id: UUID, typed: Typed) -> Review:
    """Act on a decision as the form says, or refuse."""
    decision = locked_decision(uow, decision_id)
    wording = wording_of(project_by_id(uow, project_id=decision.project_id))
    return review_decision(
        uow,
        actor,
        decision_id=decision_id,
        case_view_id=_view(typed.view_id),
        act=_one_of(Act, typed.act, "Choose what to do with this case."),
        answer=wording.chosen(typed.outcome),
        reason_codes=list(_reasons(typed.reason_codes)),
        reason_text=typed.reason_text,
    )


def _reasons(codes: Iterable[str]) -> Iterable[ReasonCode]:
    for code in codes:
        yield _one_of(ReasonCode, code, "Choose the reasons from the list.")


def _one_of(kind: type[Kind], typed: str, sentence: str) -> Kind:
    try:
        return kind(typed)
    except ValueError as error:
        raise InvalidInput(sentence) from error


def _view(typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError as error:
        raise InvalidInput("This case was not shown to you; open it first.") from error
