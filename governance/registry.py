"""Models and their versions: asked for by one person, promoted by another."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import col, select

from audit.actions import Action
from audit.recording import record
from crowd.models import DataSet
from crowd.projects import project_by_id
from crowd.task_types import task_type_of
from crowd.text import PlainText
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.names import OneLineName
from folkmoot.kernel.outbox import JobName, WorkState, request_job
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.models import Model, ModelVersion, VersionState


class ModelDraft(BaseModel):
    """What is needed to register a model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: OneLineName = Field(min_length=1, max_length=100, pattern=r"\S")


class TrainingParameters(BaseModel):
    """How a version is trained. Without `features`, every field that is always a number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: tuple[PlainText, ...] = Field(default=(), max_length=500)
    held_out_share: float = Field(default=0.4, ge=0.05, le=0.9)
    # scikit-learn's C: smaller means stronger regularisation.
    inverse_regularisation: float = Field(default=1.0, gt=0, le=1e6)
    weigh_by_confidence: bool = True
    seed: int = Field(default=0, ge=0, lt=2**32)


def create_model(uow: UnitOfWork, actor: Actor, *, project_id: UUID, draft: ModelDraft) -> Model:
    """Register a model of a project; it has no version yet."""
    project = project_by_id(uow, project_id=project_id)
    if not task_type_of(project.task_type).is_nominal:
        kind = project.task_type.value.replace("_", " ")
        raise InvalidInput(f"A model decides among a few classes; answers of {kind} have none.")
    taken = select(Model.id).where(col(Model.project_id) == project_id, Model.name == draft.name)
    if uow.session.exec(taken).first() is not None:
        raise Conflict(f"This project already has a model named {draft.name!r}.")
    model = Model(
        project_id=project_id, name=draft.name, created_by=actor.id, created_at=clock.now()
    )
    uow.session.add(model)
    record(
        uow,
        actor,
        Action.MODEL_CREATED,
        subject_type="model",
        subject_id=model.id,
        project_id=project_id,
        facts={"name": model.name},
    )
    return model


def request_version(
    uow: UnitOfWork,
    actor: Actor,
    *,
    model_id: UUID,
    data_set_id: UUID,
    parameters: TrainingParameters,
) -> ModelVersion:
    """Ask for a version to be trained on a data set."""
    model = _locked_model(uow, model_id)
    data_set = _trainable(uow, model, data_set_id)
    version = ModelVersion(
        model_id=model.id,
        number=_next_number(uow, model.id),
        state=VersionState.TRAINING,
        data_set_id=data_set.id,
        data_set_digest=data_set.digest,
        parameters=parameters.model_dump(mode="json"),
        requested_by=actor.id,
        created_at=clock.now(),
    )
    uow.session.add(version)
    request_job(uow, JobName.TRAIN_MODEL, subject_id=version.id, requested_by=actor.id)
    details: JsonObject = {"parameters": version.parameters}
    _record(uow, actor, Action.MODEL_VERSION_REQUESTED, version, model=model, details=details)
    return version


def promote_version(uow: UnitOfWork, actor: Actor, *, version_id: UUID) -> ModelVersion:
    """Let a version decide from now on, and retire the one that did."""
    model = _locked_model_of(uow, version_id)
    version = version_by_id(uow, version_id)
    active = active_version(uow, model.id)
    refuse_promotion(actor, version, active)
    if active is not None:
        active.state = VersionState.RETIRED
        # Two active versions may not meet even within a transaction: the index forbids it.
        uow.session.flush()
    version.state = VersionState.ACTIVE
    version.promoted_by, version.promoted_at = actor.id, clock.now()
    retired = None if active is None else str(active.id)
    _record(
        uow,
        actor,
        Action.MODEL_VERSION_PROMOTED,
        version,
        model=model,
        details={"artifact": version.artifact_digest, "gate": version.gate, "retired": retired},
    )
    return version


def refuse_promotion(actor: Actor, version: ModelVersion, active: ModelVersion | None) -> None:
    """Raise what stands against this actor letting this version act; pages ask it beforehand."""
    if version.state is not VersionState.CANDIDATE:
        raise Conflict(f"Version {version.number} is {version.state}, not a candidate.")
    if version.requested_by == actor.id:
        raise NotAllowed("A version is promoted by a second person, not by who asked for it.")
    if not version.gate.get("passed"):
        raise Conflict(f"Version {version.number} did not pass the gate.")
    if version.gate.get("compared_with") != (None if active is None else str(active.id)):
        raise Conflict(
            f"Another version became active after version {version.number} was compared; "
            "train it again, so that it is compared with the active one."
        )


def model_by_id(uow: UnitOfWork, model_id: UUID) -> Model:
    """Return a model, or refuse."""
    model = uow.session.get(Model, model_id)
    if model is None:
        raise NotFound("There is no such model.")
    return model


def models(uow: UnitOfWork, *, wanted: PageRequest, project_id: UUID | None = None) -> Page[Model]:
    """Return a page of models, of one project or of all."""
    statement = select(Model)
    if project_id is not None:
        project_by_id(uow, project_id=project_id)
        statement = statement.where(col(Model.project_id) == project_id)
    return page_by_id(uow, statement, key=Model.id, wanted=wanted)


def version_by_id(uow: UnitOfWork, version_id: UUID) -> ModelVersion:
    """Return a version of a model, or refuse."""
    version = uow.session.exec(
        select(ModelVersion).where(col(ModelVersion.id) == version_id)
    ).first()
    if version is None:
        raise NotFound("There is no such model version.")
    return version


def versions_of(uow: UnitOfWork, model_id: UUID) -> Sequence[ModelVersion]:
    """Return every version of a model, the newest first, or refuse where there is no such model."""
    model_by_id(uow, model_id)
    return uow.session.exec(
        select(ModelVersion)
        .where(col(ModelVersion.model_id) == model_id)
        .order_by(col(ModelVersion.number).desc())
    ).all()


def active_version(uow: UnitOfWork, model_id: UUID) -> ModelVersion | None:
    """Return the version that decides now, if one does."""
    return uow.session.exec(
        select(ModelVersion).where(
            col(ModelVersion.model_id) == model_id,
            col(ModelVersion.state) == VersionState.ACTIVE,
        )
    ).first()


def _locked_model(uow: UnitOfWork, model_id: UUID) -> Model:
    """Return a model that nobody else numbers or promotes versions of until we commit."""
    model = uow.session.exec(
        select(Model).where(col(Model.id) == model_id).with_for_update()
    ).first()
    if model is None:
        raise NotFound("There is no such model.")
    return model


def _locked_model_of(uow: UnitOfWork, version_id: UUID) -> Model:
    # Only the key is read before the lock: what else we knew of the version might be outdated.
    model_id = uow.session.exec(
        select(ModelVersion.model_id).where(col(ModelVersion.id) == version_id)
    ).first()
    if model_id is None:
        raise NotFound("There is no such model version.")
    return _locked_model(uow, model_id)


def _trainable(uow: UnitOfWork, model: Model, data_set_id: UUID) -> DataSet:
    data_set = uow.session.get(DataSet, data_set_id)
    if data_set is None or data_set.project_id != model.project_id:
        raise NotFound("This project has no such data set.")
    if data_set.state is not WorkState.FINISHED:
        raise Conflict("The data set is not finished yet.")
    if data_set.n_rows == 0:
        raise InvalidInput("The data set is empty; there is nothing to learn from.")
    return data_set


def _next_number(uow: UnitOfWork, model_id: UUID) -> int:
    highest = uow.session.exec(
        select(sa.func.max(ModelVersion.number)).where(col(ModelVersion.model_id) == model_id)
    ).one()
    return (highest or 0) + 1


def _record(
    uow: UnitOfWork,
    actor: Actor,
    action: Action,
    version: ModelVersion,
    *,
    model: Model,
    details: JsonObject,
) -> None:
    record(
        uow,
        actor,
        action,
        subject_type="model_version",
        subject_id=version.id,
        project_id=model.project_id,
        facts={
            "model": str(model.id),
            "number": version.number,
            "data_set": str(version.data_set_id),
            "data_set_digest": version.data_set_digest,
            **details,
        },
    )
