"""Suspicions: a pattern was noticed, something follows, and a person has the last word.

Nothing is silent: whoever is suspected reads what was noticed, what follows and how to object. A
pattern is raised once until it is settled; `crowd.settling` says how that is done.
"""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import select

from audit.actions import Action
from audit.recording import record
from crowd.models import (
    AnnotatorRecord,
    Pattern,
    Qualification,
    Standing,
    Suspicion,
    SuspicionState,
    WatchAction,
)
from crowd.standing import locked_record, sentence_for, standing_suspicions, update_standing
from crowd.tables import PROJECT
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM, Actor
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Raised:
    """A suspicion that was raised, and what the annotator is told."""

    suspicion_id: UUID
    standing: Standing
    sentence: str


def raise_suspicion(
    uow: UnitOfWork,
    *,
    project_id: UUID,
    annotator_id: UUID,
    pattern: Pattern,
    action: WatchAction,
    evidence: JsonObject,
) -> Raised | None:
    """Keep what was noticed and change the standing, unless the same is open already."""
    annotator = locked_record(uow, project_id, annotator_id)
    if _open_suspicion(uow, annotator, pattern) is not None:
        return None
    suspicion = Suspicion(
        project_id=project_id,
        annotator_id=annotator_id,
        pattern=pattern,
        action=possible_action(uow, project_id, action),
        evidence=evidence,
        state=SuspicionState.OPEN,
        found_at=clock.now(),
    )
    uow.session.add(suspicion)
    if suspicion.action is WatchAction.RETRAIN:
        forget_training(annotator)
    seen = _what_was_seen(suspicion)
    record_suspicion(uow, PLATFORM, Action.SUSPICION_RAISED, suspicion, facts=seen)
    update_standing(uow, PLATFORM, annotator)
    return Raised(suspicion.id, annotator.standing, sentence_for(suspicion))


def suspicion_by_id(uow: UnitOfWork, *, suspicion_id: UUID) -> Suspicion:
    """Return a suspicion, or raise NotFound."""
    found = uow.session.get(Suspicion, suspicion_id)
    if found is None:
        raise NotFound("There is no such suspicion.")
    return found


def suspicions_of(
    uow: UnitOfWork,
    *,
    wanted: PageRequest,
    project_id: UUID | None = None,
    state: SuspicionState | None = None,
) -> Page[Suspicion]:
    """Return one page of what was noticed in a project, or in all of them, newest first."""
    statement = select(Suspicion)
    if project_id is not None:
        statement = statement.where(Suspicion.project_id == project_id)
    if state is not None:
        statement = statement.where(Suspicion.state == state)
    return page_by_id(uow, statement, key=Suspicion.id, wanted=wanted, newest_first=True)


def possible_action(uow: UnitOfWork, project_id: UUID, action: WatchAction) -> WatchAction:
    """Return the action, or a pause where training is asked for and there is none."""
    questions = uow.session.connection().execute(
        sa.select(PROJECT.c.training_questions).where(PROJECT.c.id == project_id)
    )
    has_training = questions.scalar_one() > 0
    return WatchAction.PAUSE if action is WatchAction.RETRAIN and not has_training else action


def forget_training(annotator: AnnotatorRecord) -> None:
    """Ask for training from its beginning; the caller holds the record."""
    annotator.qualification = Qualification.NONE
    annotator.qualified_until = None
    annotator.training_seen = 0
    annotator.training_right = 0


def record_suspicion(
    uow: UnitOfWork,
    actor: Actor,
    action: Action,
    suspicion: Suspicion,
    *,
    facts: JsonObject,
    personal: str = "",
) -> None:
    """Record something about a suspicion; `personal` is free text, which can be erased."""
    record(
        uow,
        actor,
        action,
        subject_type="suspicion",
        subject_id=suspicion.id,
        project_id=suspicion.project_id,
        facts={**facts, "annotator": str(suspicion.annotator_id)},
        personal={"note": personal} if personal else None,
        personal_of=suspicion.annotator_id,
    )


def _open_suspicion(
    uow: UnitOfWork, annotator: AnnotatorRecord, pattern: Pattern
) -> Suspicion | None:
    found = standing_suspicions(uow, annotator)
    return next(
        (one for one in found if one.pattern is pattern and one.state is SuspicionState.OPEN), None
    )


def _what_was_seen(suspicion: Suspicion) -> JsonObject:
    # An entry can never be erased, so another person's id is no part of it.
    evidence = {name: value for name, value in suspicion.evidence.items() if name != "other"}
    return {
        "pattern": suspicion.pattern.value,
        "action": suspicion.action.value,
        "evidence": evidence,
    }
