"""One case: what is known of it, what the model says and why, and what may be done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from flask import url_for
from pydantic import BaseModel

from audit.searching import entries
from crowd.projects import project_by_id
from crowd.task_types import nominal_type_of
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.officer.sentences import readable, words_of
from folkmoot.web.officer.telling import EntryLine, lines_of
from folkmoot.web.reviewer.wording import (
    REASONS,
    STATES,
    ActChoice,
    Choice,
    ReasonChoice,
    Wording,
    acts_on_executed,
    acts_on_held,
)
from governance.models import Decision, DecisionState
from governance.review import ShownCase, reviews_of
from governance.review.acting import EXECUTED

LONG_TEXT = 80  # characters: what is longer reads better as a text than in a table
MOST_DRIVERS = 6
MOST_HISTORY = 12


@dataclass(frozen=True)
class Typed:
    """What the reviewer had filled in when the act was refused."""

    view_id: str = ""
    act: str = ""
    outcome: str = ""
    reason_codes: Sequence[str] = ()
    reason_text: str = ""


@dataclass(frozen=True)
class CaseHead:
    """The case itself."""

    id: str
    case_ref: str
    project_title: str
    fields: Sequence[tuple[str, str]]
    text: str | None
    is_high_stakes: bool
    due_at: datetime | None
    hold_reason: str
    state_label: str
    outcome_label: str | None
    standing: str
    view_id: str


class StoredDriver(BaseModel):
    """One contribution as a decision keeps it."""

    feature: str
    value: float | None = None
    weight: float
    words: str


@dataclass(frozen=True)
class Driver:
    """One field that drove the model; `weight` is -1 to 1 of the strongest."""

    label: str
    value_text: str
    weight: float
    words: str


@dataclass(frozen=True)
class ModelSide:
    """What the model says."""

    name: str
    version: int
    proposed: str
    proposed_label: str
    probability: float
    confidence_sentence: str
    drivers: Sequence[Driver]


@dataclass(frozen=True)
class ReceiptView:
    """What was just recorded."""

    sentence: str
    entry_url: str | None
    receipt_url: str
    is_sealed: bool


@dataclass(frozen=True)
class CaseView:
    """Everything on the page."""

    case: CaseHead
    model: ModelSide
    choices: Sequence[Choice]
    acts: Sequence[ActChoice]
    shortest_reason: int
    history: Sequence[EntryLine]
    reason_codes: Sequence[ReasonChoice] = REASONS
    may_read_log: bool = False
    receipt: ReceiptView | None = None
    error: str | None = None
    typed: Typed = field(default_factory=Typed)


def case_view_of(
    uow: UnitOfWork,
    actor: Actor,
    shown: ShownCase,
    *,
    error: str | None = None,
    typed: Typed | None = None,
    just_recorded: UUID | None = None,
) -> CaseView:
    """Return a shown case as its page has it."""
    decision, content = shown.decision, shown.shown
    project = project_by_id(uow, project_id=decision.project_id)
    # The schema as it was when the case was shown; an open project's task type stays.
    wording = Wording(nominal_type_of(project.task_type), _object(content["answer_schema"]))
    may_read_log = actor.may(Permission.READ_LOG)
    return CaseView(
        case=_case(shown, wording),
        model=_model(content, wording),
        choices=wording.choices(),
        acts=_acts(decision, wording) if just_recorded is None else (),
        shortest_reason=int(words_of(content["shortest_reason"])),
        history=_history(uow, decision),
        may_read_log=may_read_log,
        receipt=_receipt(uow, decision, just_recorded, may_read_log=may_read_log),
        error=error,
        typed=typed or Typed(),
    )


def _case(shown: ShownCase, wording: Wording) -> CaseHead:
    decision, payload = shown.decision, _object(shown.shown["payload"])
    texts = [value for value in payload.values() if _is_text(value)]
    return CaseHead(
        id=str(decision.id),
        case_ref=decision.case_ref,
        project_title=words_of(shown.shown["project"]),
        fields=[(readable(k), words_of(v)) for k, v in payload.items() if not _is_text(v)],
        text="\n\n".join(str(text) for text in texts) or None,
        is_high_stakes=decision.is_high_stakes,
        due_at=decision.due_at,
        hold_reason=decision.hold_reason or "Released by the model alone; no rule held it.",
        state_label=STATES[decision.state],
        outcome_label=None if decision.outcome is None else wording.words(decision.outcome),
        standing=wording.value(decision.proposed if decision.outcome is None else decision.outcome),
        view_id=str(shown.view.id),
    )


def _model(content: JsonObject, wording: Wording) -> ModelSide:
    explanation = content["explanation"]
    return ModelSide(
        name=words_of(content["model"]),
        version=int(words_of(content["model_version"])),
        proposed=wording.value(content["proposed"]),
        proposed_label=wording.words(content["proposed"]),
        probability=float(words_of(content["probability"])),
        confidence_sentence=words_of(content["likeness"]),
        drivers=_drivers(explanation if isinstance(explanation, list) else []),
    )


def _drivers(explanation: Iterable[Json]) -> list[Driver]:
    stored = [StoredDriver.model_validate(each) for each in explanation][:MOST_DRIVERS]
    strongest = max((abs(each.weight) for each in stored), default=0.0) or 1.0
    return [
        Driver(
            label=readable(each.feature),
            value_text=words_of(each.value) if each.value is not None else "missing",
            weight=each.weight / strongest,
            words=each.words,
        )
        for each in stored
    ]


def _acts(decision: Decision, wording: Wording) -> tuple[ActChoice, ...]:
    if decision.state is DecisionState.HELD:
        return acts_on_held(wording.words(decision.proposed))
    return acts_on_executed() if decision.state in EXECUTED else ()


def _history(uow: UnitOfWork, decision: Decision) -> list[EntryLine]:
    page = entries(uow, subject_id=decision.id, wanted=PageRequest(limit=MOST_HISTORY))
    return lines_of(uow, page.items)


def _receipt(
    uow: UnitOfWork, decision: Decision, review_id: UUID | None, *, may_read_log: bool
) -> ReceiptView | None:
    found = [each for each in reviews_of(uow, decision.id) if each.id == review_id]
    if not found:
        return None
    page = entries(uow, subject_id=decision.id, wanted=PageRequest(limit=MOST_HISTORY))
    entry = next(each for each in page.items if each.id == found[0].audit_entry_id)
    line = lines_of(uow, [entry])[0]
    return ReceiptView(
        sentence=line.sentence,
        entry_url=line.url if may_read_log else None,
        receipt_url=url_for("reviewer.receipt", decision_id=decision.id, review_id=review_id),
        is_sealed=line.index is not None,
    )


def _is_text(value: Json) -> bool:
    return isinstance(value, str) and len(value) > LONG_TEXT


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}
