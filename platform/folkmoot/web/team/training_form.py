"""The forms that ask for a version of a model."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import ValidationError

from crowd.data_sets import data_set_by_id
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import InvalidInput, NotFound
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.models import ModelVersion
from governance.registry import (
    ModelDraft,
    TrainingParameters,
    create_model,
    request_version,
    versions_of,
)


def first_version_from(uow: UnitOfWork, actor: Actor, sent: Mapping[str, str]) -> ModelVersion:
    """Make a model in the project of the chosen data set, and ask for its first version."""
    data_set = data_set_by_id(uow, data_set_id=_chosen_data_set(sent))
    draft = _draft(sent.get("name", "").strip())
    model = create_model(uow, actor, project_id=data_set.project_id, draft=draft)
    return next_version_from(uow, actor, sent, model_id=model.id)


def next_version_from(
    uow: UnitOfWork, actor: Actor, sent: Mapping[str, str], *, model_id: UUID
) -> ModelVersion:
    """Ask for the next version of a model, from the chosen data set."""
    return request_version(
        uow,
        actor,
        model_id=model_id,
        data_set_id=_chosen_data_set(sent),
        parameters=TrainingParameters(),
    )


def numbered_version(uow: UnitOfWork, *, model_id: UUID, number: int) -> ModelVersion:
    """Return one version of a model by its number, or raise NotFound."""
    for version in versions_of(uow, model_id):
        if version.number == number:
            return version
    raise NotFound(f"This model has no version {number}.")


def _draft(name: str) -> ModelDraft:
    try:
        return ModelDraft(name=name)
    except ValidationError as error:
        raise InvalidInput("Give the model a name of 1 to 100 characters.") from error


def _chosen_data_set(sent: Mapping[str, str]) -> UUID:
    try:
        return UUID(sent.get("data_set_id", ""))
    except ValueError as error:
        raise InvalidInput("Choose the data set to learn from.") from error
