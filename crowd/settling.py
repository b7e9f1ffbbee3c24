"""Settling suspicions: a person clears or confirms one, the annotator may object before."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from audit.actions import Action
from crowd.models import AnnotatorRecord, Pattern, Suspicion, SuspicionState, WatchAction
from crowd.standing import locked_record, standing_suspicions, update_standing
from crowd.suspicions import (
    forget_training,
    possible_action,
    record_suspicion,
    suspicion_by_id,
)
from crowd.text import refuse_null
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM, Actor
from folkmoot.kernel.errors import Conflict, FieldProblem, InvalidInput, NotAllowed, NotFound
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

Settlement = Literal[SuspicionState.CLEARED, SuspicionState.CONFIRMED]
LONGEST_NOTE = 2000

# The counters that begin anew once a pattern was settled, so that the same answers are never held
# against anybody twice.
_COUNTERS: Mapping[Pattern, Mapping[str, object]] = MappingProxyType(
    {
        Pattern.TOO_FAST: {"fast_run": 0},
        Pattern.CONSTANT: {"same_run": 0},
        Pattern.FAILING_GOLD: {"recent_gold": ""},
        Pattern.COPIED: {},
    }
)


def settle_suspicion(
    uow: UnitOfWork,
    actor: Actor,
    *,
    suspicion_id: UUID,
    outcome: Settlement,
    note: str,
    follows: WatchAction | None = None,
) -> Suspicion:
    """Clear a suspicion, or confirm it; what the project declared follows, unless told.

    A confirmed one may be cleared later, which lets the annotator in again. Raise NotAllowed for
    the annotator themselves, and Conflict for one that is settled so already.
    """
    _check_note(note)
    annotator, suspicion = _locked_suspicion(uow, suspicion_id)
    if suspicion.annotator_id == actor.id:
        raise NotAllowed("Somebody else has to settle what was noticed of your own answers.")
    if suspicion.state in {SuspicionState.CLEARED, outcome}:
        raise Conflict(f"This was {suspicion.state.value} already.")
    if outcome is SuspicionState.CONFIRMED and follows is not None:
        suspicion.action = possible_action(uow, suspicion.project_id, follows)
        if suspicion.action is WatchAction.RETRAIN:
            forget_training(annotator)
    _settle(uow, actor, annotator, suspicion, outcome=outcome, note=note.strip())
    update_standing(uow, actor, annotator)
    return suspicion


def object_to_suspicion(
    uow: UnitOfWork, actor: Actor, *, suspicion_id: UUID, objection: str
) -> Suspicion:
    """Keep what an annotator says to what was noticed of them, for whoever settles it."""
    _check_note(objection, pointer="/objection")
    _, suspicion = _locked_suspicion(uow, suspicion_id)
    if suspicion.annotator_id != actor.id:
        raise _no_such_suspicion()
    if suspicion.state is SuspicionState.CLEARED:
        raise Conflict("This was cleared already; nothing follows from it.")
    suspicion.objection = objection.strip()
    uow.session.add(suspicion)
    record_suspicion(
        uow, actor, Action.SUSPICION_OBJECTED, suspicion, facts={}, personal=suspicion.objection
    )
    return suspicion


def end_retraining(uow: UnitOfWork, *, project_id: UUID, annotator_id: UUID) -> None:
    """Let an annotator in again who passed the training that a suspicion asked for."""
    annotator = locked_record(uow, project_id, annotator_id)
    for suspicion in standing_suspicions(uow, annotator):
        if suspicion.action is WatchAction.RETRAIN and suspicion.state is SuspicionState.OPEN:
            _settle(
                uow,
                PLATFORM,
                annotator,
                suspicion,
                outcome=SuspicionState.CLEARED,
                note="Trained again, and passed.",
            )
    update_standing(uow, PLATFORM, annotator)


def clear_unfounded(uow: UnitOfWork, actor: Actor, suspicion: Suspicion, *, note: str) -> None:
    """Clear a suspicion that the corrected counts no longer bear out.

    The caller holds the annotator's record and updates the standing once all is counted.
    """
    annotator = locked_record(uow, suspicion.project_id, suspicion.annotator_id)
    _settle(uow, actor, annotator, suspicion, outcome=SuspicionState.CLEARED, note=note)


def _locked_suspicion(uow: UnitOfWork, suspicion_id: UUID) -> tuple[AnnotatorRecord, Suspicion]:
    # Whoever changes a suspicion holds its annotator's record, so that it is read again after that.
    found = suspicion_by_id(uow, suspicion_id=suspicion_id)
    annotator = locked_record(uow, found.project_id, found.annotator_id)
    uow.session.refresh(found)
    return annotator, found


def _settle(
    uow: UnitOfWork,
    actor: Actor,
    annotator: AnnotatorRecord,
    suspicion: Suspicion,
    *,
    outcome: Settlement,
    note: str,
) -> None:
    suspicion.state = outcome
    suspicion.settled_by = actor.id
    suspicion.settled_at = clock.now()
    suspicion.note = note
    uow.session.add(suspicion)
    for name, value in _COUNTERS[suspicion.pattern].items():
        setattr(annotator, name, value)
    facts: JsonObject = {
        "pattern": suspicion.pattern.value,
        "outcome": outcome.value,
        "action": suspicion.action.value,
    }
    record_suspicion(uow, actor, Action.SUSPICION_SETTLED, suspicion, facts=facts, personal=note)


def _check_note(note: str, *, pointer: str = "/note") -> None:
    refuse_null(note, pointer)
    if not note.strip() or len(note) > LONGEST_NOTE:
        sentence = f"Say why, in 1 to {LONGEST_NOTE:,} characters."
        raise InvalidInput(sentence, fields=[FieldProblem(pointer, sentence)])


def _no_such_suspicion() -> NotFound:
    return NotFound("There is no such suspicion.")
