"""Models and their versions: train, compare, promote."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from folkmoot.api.operations import Api, Call, PageQuery, PageView, View
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.pagination import Page
from governance import registry
from governance.models import Model, ModelVersion, VersionState
from governance.registry import ModelDraft, TrainingParameters

api = Api("models")


class ModelView(View):
    """A model."""

    id: UUID
    project_id: UUID
    name: str
    created_at: datetime


class NewVersion(BaseModel):
    """What a version is to learn from, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_set_id: UUID
    parameters: TrainingParameters = TrainingParameters()


class VersionView(View):
    """One version: what it learned from, how it did, whether it may act."""

    id: UUID
    model_id: UUID
    number: int
    state: VersionState
    data_set_id: UUID
    data_set_digest: str
    parameters: JsonObject
    artifact_digest: str
    metrics: JsonObject
    gate: JsonObject
    requested_by: UUID
    created_at: datetime
    trained_at: datetime | None
    promoted_by: UUID | None
    promoted_at: datetime | None


class VersionsView(View):
    """Every version of a model, the newest first."""

    items: list[VersionView]


@api.post("/projects/<uuid:project_id>/models", access=Permission.TRAIN_MODELS, shows=ModelView)
def create_model(call: Call, project_id: UUID, body: ModelDraft) -> Model:
    """Create a model of a project."""
    return registry.create_model(call.uow, call.actor, project_id=project_id, draft=body)


@api.get(
    "/projects/<uuid:project_id>/models", access=Permission.READ_MODELS, shows=PageView[ModelView]
)
def list_models(call: Call, project_id: UUID, query: PageQuery) -> Page[Model]:
    """List the models of a project."""
    return registry.models(call.uow, project_id=project_id, wanted=query.wanted)


@api.post(
    "/models/<uuid:model_id>/versions",
    access=Permission.TRAIN_MODELS,
    shows=VersionView,
    status=HTTPStatus.ACCEPTED,
)
def train_version(call: Call, model_id: UUID, body: NewVersion) -> ModelVersion:
    """Train the next version on a data set; a job trains, evaluates and compares it."""
    return registry.request_version(
        call.uow,
        call.actor,
        model_id=model_id,
        data_set_id=body.data_set_id,
        parameters=body.parameters,
    )


@api.get(
    "/models/<uuid:model_id>/versions",
    access=Permission.READ_MODELS,
    shows=VersionsView,
)
def list_versions(call: Call, model_id: UUID) -> dict[str, Sequence[ModelVersion]]:
    """List the versions of a model, the newest first."""
    return {"items": registry.versions_of(call.uow, model_id)}


@api.get("/model-versions/<uuid:version_id>", access=Permission.READ_MODELS, shows=VersionView)
def get_version(call: Call, version_id: UUID) -> ModelVersion:
    """Return one version with its metrics and the verdict of the gate."""
    return registry.version_by_id(call.uow, version_id)


@api.post(
    "/model-versions/<uuid:version_id>/promotion",
    access=Permission.PROMOTE_MODELS,
    shows=VersionView,
)
def promote_version(call: Call, version_id: UUID) -> ModelVersion:
    """Let a version act: the gate has passed, and you are not who asked for it."""
    return registry.promote_version(call.uow, call.actor, version_id=version_id)
