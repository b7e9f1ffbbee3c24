"""The models of all projects in a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from folkmoot.identity.permissions import Permission
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.figures import Rate
from folkmoot.web.paging import Pagination, pagination_of
from folkmoot.web.team.data_set_pages import training_choices
from folkmoot.web.team.version_figures import accuracy_of_version
from governance.decisions import counted_decisions
from governance.models import Model, ModelVersion, VersionState
from governance.naming import project_titles
from governance.registry import models, versions_of


@dataclass(frozen=True)
class ModelLine:
    """One model; `accuracy` is the acting version's, `waiting_version` passed its gate."""

    id: UUID
    name: str
    project_title: str
    active_version: int | None
    versions: int
    accuracy: Rate | None
    decisions: int
    waiting_version: int | None


@dataclass(frozen=True)
class ModelsView:
    """A page of the models, and what a new one may learn from; `typed` was in a refused form."""

    models: Sequence[ModelLine]
    page: Pagination
    may_train: bool
    data_sets: Sequence[tuple[str, str]]
    typed: str = ""
    error: str | None = None


def models_view_of(
    uow: UnitOfWork,
    actor: Actor,
    *,
    wanted: PageRequest,
    typed: str = "",
    error: str | None = None,
) -> ModelsView:
    """Read a page of the models."""
    page = models(uow, wanted=wanted)
    titles = project_titles(uow, {model.project_id for model in page.items})
    may_train = actor.may(Permission.TRAIN_MODELS)
    return ModelsView(
        models=[_line(uow, model, titles[model.project_id]) for model in page.items],
        page=pagination_of(page.mapped(str)),
        may_train=may_train,
        data_sets=training_choices(uow) if may_train else (),
        typed=typed,
        error=error,
    )


def _line(uow: UnitOfWork, model: Model, project_title: str) -> ModelLine:
    versions = versions_of(uow, model.id)
    active = _first(versions, VersionState.ACTIVE)
    waiting = _first([each for each in versions if each.gate.get("passed")], VersionState.CANDIDATE)
    return ModelLine(
        id=model.id,
        name=model.name,
        project_title=project_title,
        active_version=active.number if active else None,
        versions=len(versions),
        accuracy=accuracy_of_version(active) if active else None,
        decisions=sum(counted_decisions(uow, [each.id for each in versions]).values()),
        waiting_version=waiting.number if waiting else None,
    )


def _first(versions: Sequence[ModelVersion], state: VersionState) -> ModelVersion | None:
    return next((each for each in versions if each.state is state), None)
