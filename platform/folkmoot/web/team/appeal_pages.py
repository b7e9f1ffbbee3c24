"""What annotators contest, as whoever decides reads it: the task, both answers, what follows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crowd.appeal_cases import AppealCase, appeal_cases
from crowd.appeals import appeals
from crowd.models import AppealState, Project
from crowd.projects import project_by_slug
from crowd.task_types import task_type_of
from crowd.task_types.nominal_kind import NominalKind
from folkmoot.identity.naming import names_of
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.paging import Pagination, pagination_of
from folkmoot.web.payloads import Payload, payload_of


@dataclass(frozen=True)
class CaseView:
    """One appeal, with both answers in words and what was said.

    answers: the other answers to choose from, as (JSON, words); empty where they cannot be listed,
        and then `example` is what may be typed.
    """

    id: UUID
    state: str
    project_slug: str
    project_title: str
    external_id: str
    payload: Payload
    annotator: str
    reason: str
    answer: str
    answer_json: str
    checked: str
    explanation: str
    note: str
    others: str
    answers: Sequence[tuple[str, str]]
    example: str
    is_training: bool
    is_own: bool
    at: datetime
    decided_by: str
    decided_at: datetime | None
    decision_reason: str
    gold_after: str


@dataclass(frozen=True)
class AppealsView:
    """The appeals of a project, or of all of them where `project` is None."""

    project: Project | None
    state: str
    cases: Sequence[CaseView]
    page: Pagination


def appeals_view_of(
    uow: UnitOfWork, actor: Actor, slug: str | None, *, state: AppealState, wanted: PageRequest
) -> AppealsView:
    """Read what the page shows: those in one state, the oldest first."""
    project = None if slug is None else project_by_slug(uow, slug=slug)
    page = appeals(
        uow, wanted=wanted, project_id=None if project is None else project.id, state=state
    )
    cases = appeal_cases(uow, page.items)
    deciders = [case.decided_by for case in cases if case.decided_by is not None]
    names = names_of(uow, [*(case.annotator_id for case in cases), *deciders])
    return AppealsView(
        project=project,
        state=state.value,
        cases=[_view(case, names, actor) for case in cases],
        page=pagination_of(page.mapped(str)),
    )


def _view(case: AppealCase, names: Mapping[UUID, str], actor: Actor) -> CaseView:
    return CaseView(
        id=case.appeal_id,
        state=case.state.value,
        project_slug=case.project_slug,
        project_title=case.project_title,
        external_id=case.external_id,
        payload=payload_of(case.payload),
        annotator=names[case.annotator_id],
        reason=case.reason,
        answer=case.answer_text,
        answer_json=json.dumps(case.answer, ensure_ascii=False),
        checked=case.checked_text or "none any more",
        explanation=case.explanation,
        note=case.note,
        others=_others(case),
        answers=_other_answers(case),
        example=_example(case),
        is_training=case.is_training,
        is_own=case.annotator_id == actor.id,
        at=case.created_at,
        decided_by="" if case.decided_by is None else names[case.decided_by],
        decided_at=case.decided_at,
        decision_reason=case.decision_reason,
        gold_after=case.gold_after_text,
    )


def _others(case: AppealCase) -> str:
    """Say what everyone answered, this annotator included."""
    total = case.n_like_them + case.n_like_checked + case.n_other
    if case.is_training or total == 0:
        return ""
    people = "person has" if total == 1 else "people have"
    parts = [f"{case.n_like_them} as contested", f"{case.n_like_checked} as known"]
    if case.n_other:
        parts.append(f"{case.n_other} otherwise")
    return f"{total} {people} answered this task: {', '.join(parts)}."


def _example(case: AppealCase) -> str:
    if task_type_of(case.task_type).is_nominal:
        return ""
    return json.dumps(case.answer, ensure_ascii=False, indent=2)


def _other_answers(case: AppealCase) -> Sequence[tuple[str, str]]:
    kind, schema = task_type_of(case.task_type), case.answer_schema
    if not isinstance(kind, NominalKind):
        return ()
    answers = [kind.answer_of(name) for name in kind.classes(schema)]
    return [
        (json.dumps(answer, ensure_ascii=False), kind.text_of(schema, answer))
        for answer in answers
        if answer not in (case.answer, case.checked_answer)
    ]
