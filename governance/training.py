"""Train a version: read the data set, fit and measure, store what came of it.

Imported by jobs only: it loads scikit-learn.
"""

from uuid import UUID

from sqlmodel import col, select

from audit.actions import Action
from audit.canonical import digest
from audit.recording import record
from crowd.models import DataSet, Outcome
from crowd.projects import project_by_id
from crowd.task_types import NominalKind, nominal_type_of
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.examples import examples_of
from governance.grouping import group_fields_of
from governance.learning import Rival, TrainingProblem, TrainingResult, train
from governance.models import ModelVersion, VersionState
from governance.policies import current_policy, rules_of
from governance.registry import TrainingParameters, active_version, model_by_id, version_by_id

__all__ = ["load_training_problem", "store_version", "train"]


def load_training_problem(
    uow: UnitOfWork, artifacts: ArtifactStore, *, version_id: UUID
) -> TrainingProblem:
    """Read what a version learns from, and the version it is compared with."""
    version = version_by_id(uow, version_id)
    project = project_by_id(uow, project_id=model_by_id(uow, version.model_id).project_id)
    data_set = uow.session.exec(select(DataSet).where(col(DataSet.id) == version.data_set_id)).one()
    kind = nominal_type_of(project.task_type)
    gate = rules_of(current_policy(uow, project.id)).gate
    return TrainingProblem(
        version_id=version.id,
        parameters=TrainingParameters.model_validate(version.parameters),
        classes=kind.classes(project.answer_schema),
        examples=examples_of(artifacts, data_set, kind),
        outcomes=outcomes_of(uow, project.id, kind),
        gate=gate,
        groups=gate.groups or group_fields_of(project),
        rival=_rival(uow, artifacts, version.model_id),
    )


def store_version(
    uow: UnitOfWork, artifacts: ArtifactStore, *, problem: TrainingProblem, result: TrainingResult
) -> ModelVersion:
    """Store a trained version as a candidate; a second run of the same job changes nothing."""
    version = uow.session.exec(
        select(ModelVersion).where(col(ModelVersion.id) == problem.version_id).with_for_update()
    ).one()
    if version.state is not VersionState.TRAINING:
        return version
    version.artifact_digest = artifacts.put(result.model_file)
    version.metrics, version.gate = result.metrics, result.gate
    version.figures = {**result.figures}
    version.state, version.trained_at = VersionState.CANDIDATE, clock.now()
    _record_training(uow, version)
    return version


def outcomes_of(uow: UnitOfWork, project_id: UUID, kind: NominalKind) -> dict[str, str]:
    """Return what turned out to be true, as classes by external id."""
    rows = uow.session.exec(select(Outcome).where(col(Outcome.project_id) == project_id))
    return {row.external_id: kind.class_of(row.answer) for row in rows}


def _rival(uow: UnitOfWork, artifacts: ArtifactStore, model_id: UUID) -> Rival | None:
    active = active_version(uow, model_id)
    if active is None:
        return None
    parameters = TrainingParameters.model_validate(active.parameters)
    return Rival(
        version_id=active.id,
        number=active.number,
        held_out_share=parameters.held_out_share,
        model_file=artifacts.get(active.artifact_digest),
    )


def _record_training(uow: UnitOfWork, version: ModelVersion) -> None:
    model = model_by_id(uow, version.model_id)
    record(
        uow,
        PLATFORM,
        Action.MODEL_VERSION_TRAINED,
        subject_type="model_version",
        subject_id=version.id,
        project_id=model.project_id,
        facts={
            "model": str(model.id),
            "number": version.number,
            "data_set_digest": version.data_set_digest,
            "artifact": version.artifact_digest,
            "metrics_digest": digest(version.metrics),
            "gate": version.gate,
        },
    )
