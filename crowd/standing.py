"""An annotator's standing in a project: the gravest that follows from what is open or confirmed."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from sqlmodel import col, select

from audit.actions import Action
from audit.recording import record
from crowd.models import (
    AnnotatorRecord,
    Qualification,
    Standing,
    Suspicion,
    SuspicionState,
    WatchAction,
)
from crowd.suspicion_sentences import sentence_of
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.unit_of_work import UnitOfWork

_STANDINGS: Mapping[WatchAction, Standing] = MappingProxyType(
    {
        WatchAction.REVIEW: Standing.GOOD,
        WatchAction.WARN: Standing.WARNED,
        WatchAction.RETRAIN: Standing.RETRAINING,
        WatchAction.PAUSE: Standing.PAUSED,
    }
)
_GRAVITY = tuple(_STANDINGS)


def locked_record(uow: UnitOfWork, project_id: UUID, annotator_id: UUID) -> AnnotatorRecord:
    """Return what is known of an annotator in a project, held until the transaction ends."""
    statement = (
        select(AnnotatorRecord)
        .where(
            AnnotatorRecord.project_id == project_id, AnnotatorRecord.annotator_id == annotator_id
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = uow.session.exec(statement).first()
    if found is None:
        raise NotFound("This annotator has not worked in this project.")
    return found


def update_standing(uow: UnitOfWork, actor: Actor, annotator: AnnotatorRecord) -> None:
    """Set an annotator's standing by what is open or confirmed, and record it where it changed."""
    uow.session.flush()  # what was just raised or settled is read again
    grave = _gravest(annotator, standing_suspicions(uow, annotator))
    before = annotator.standing
    annotator.standing = Standing.GOOD if grave is None else _STANDINGS[grave.action]
    annotator.standing_reason = "" if grave is None else sentence_for(grave)
    uow.session.add(annotator)
    if annotator.standing is not before:
        record(
            uow,
            actor,
            Action.STANDING_CHANGED,
            subject_type="annotator",
            subject_id=annotator.annotator_id,
            project_id=annotator.project_id,
            facts={
                "before": before.value,
                "after": annotator.standing.value,
                "reason": annotator.standing_reason,
            },
        )
    uow.session.flush()  # whoever reads the record by a statement of their own sees it


def standing_suspicions(uow: UnitOfWork, annotator: AnnotatorRecord) -> Sequence[Suspicion]:
    """Return what is open or confirmed of an annotator in a project, newest first."""
    statement = (
        select(Suspicion)
        .where(
            Suspicion.project_id == annotator.project_id,
            Suspicion.annotator_id == annotator.annotator_id,
            Suspicion.state != SuspicionState.CLEARED,
        )
        .order_by(col(Suspicion.id).desc())
    )
    return uow.session.exec(statement).all()


def sentence_for(suspicion: Suspicion) -> str:
    """Say to the annotator what was noticed, what follows, and how to object."""
    return sentence_of(suspicion.pattern, suspicion.action, suspicion.evidence)


def _gravest(annotator: AnnotatorRecord, suspicions: Sequence[Suspicion]) -> Suspicion | None:
    # Training that was asked for is done once it was passed.
    is_trained = annotator.qualification is Qualification.PASSED
    holding = [
        suspicion
        for suspicion in suspicions
        if not (is_trained and suspicion.action is WatchAction.RETRAIN)
    ]
    return max(holding, key=lambda suspicion: _GRAVITY.index(suspicion.action), default=None)
