"""One model: its versions, how each did, and which may be let act by whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import url_for
from markupsafe import Markup

from folkmoot.identity.naming import names_of
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import DomainError
from folkmoot.kernel.outbox import failure_of
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.figures import Rate
from folkmoot.web.team.data_set_pages import training_choices
from folkmoot.web.team.version_figures import (
    Check,
    StoredConfusion,
    accuracy_of_version,
    calibration_of,
    checks_of,
    comparison_sentence,
    confusion_of,
    measured_text,
    widest_gap_of,
)
from governance.decisions import counted_decisions
from governance.models import Model, ModelVersion, VersionState
from governance.naming import project_titles, subject_names
from governance.registry import model_by_id, refuse_promotion, versions_of


@dataclass(frozen=True)
class VersionView:
    """One version; `promote_hint` says why it cannot be let act now, by this viewer."""

    id: UUID
    number: int
    state: str
    at: datetime
    data_set_text: str
    data_set_url: str | None
    data_set_digest: str
    artifact_digest: str
    accuracy: Rate
    measured: str | None
    gap: Rate
    gap_note: str | None
    gap_url: str | None
    checks: Sequence[Check]
    comparison: str | None
    confusion: StoredConfusion
    calibration: Markup | None
    decisions: int
    requested_by: str
    promoted_by: str | None
    promoted_at: datetime | None
    failure: str
    can_promote: bool
    promote_hint: str | None


@dataclass(frozen=True)
class ModelView:
    """Everything on the page."""

    model: Model
    project_title: str
    versions: Sequence[VersionView]
    may_train: bool
    data_sets: Sequence[tuple[str, str]]
    is_working: bool


@dataclass(frozen=True)
class _Known:
    """What all versions of a page are shown with."""

    actor: Actor
    active: ModelVersion | None
    people: Mapping[UUID, str]
    data_sets: Mapping[UUID, str]
    decisions: Mapping[UUID, int]


def model_view_of(uow: UnitOfWork, actor: Actor, *, model_id: UUID) -> ModelView:
    """Read a model with its versions."""
    model = model_by_id(uow, model_id)
    versions = versions_of(uow, model_id)
    known = _known(uow, actor, versions)
    may_train = actor.may(Permission.TRAIN_MODELS)
    return ModelView(
        model=model,
        project_title=project_titles(uow, [model.project_id])[model.project_id],
        versions=[_version(uow, each, known) for each in versions],
        may_train=may_train,
        data_sets=training_choices(uow, project_id=model.project_id) if may_train else (),
        is_working=any(each.state is VersionState.TRAINING for each in versions),
    )


def _known(uow: UnitOfWork, actor: Actor, versions: Sequence[ModelVersion]) -> _Known:
    people = {each.requested_by for each in versions}
    people |= {each.promoted_by for each in versions if each.promoted_by}
    return _Known(
        actor=actor,
        active=next((each for each in versions if each.state is VersionState.ACTIVE), None),
        people=names_of(uow, people),
        data_sets=_data_set_names(uow, versions),
        decisions=counted_decisions(uow, [each.id for each in versions]),
    )


def _data_set_names(uow: UnitOfWork, versions: Sequence[ModelVersion]) -> Mapping[UUID, str]:
    return subject_names(uow, {("data_set", each.data_set_id) for each in versions})


def _version(uow: UnitOfWork, version: ModelVersion, known: _Known) -> VersionView:
    gap = widest_gap_of(uow, version)
    hint = _promote_hint(version, known)
    return VersionView(
        id=version.id,
        number=version.number,
        state=version.state.value,
        at=version.trained_at or version.created_at,
        data_set_text=f"data set {known.data_sets[version.data_set_id]}",
        data_set_url=_data_set_url(version, known.actor),
        data_set_digest=version.data_set_digest,
        artifact_digest=version.artifact_digest,
        accuracy=accuracy_of_version(version),
        measured=measured_text(version),
        gap=gap.rate,
        gap_note=gap.note,
        gap_url=url_for("officer.report", report_id=gap.report.id) if gap.report else None,
        checks=checks_of(version),
        comparison=comparison_sentence(version),
        confusion=confusion_of(version),
        calibration=calibration_of(version),
        decisions=known.decisions.get(version.id, 0),
        requested_by=known.people[version.requested_by],
        promoted_by=known.people[version.promoted_by] if version.promoted_by else None,
        promoted_at=version.promoted_at,
        failure=failure_of(uow, subject_id=version.id),
        can_promote=version.state is VersionState.CANDIDATE and hint is None,
        promote_hint=hint,
    )


def _data_set_url(version: ModelVersion, actor: Actor) -> str | None:
    if not actor.may(Permission.READ_DATA_SETS):
        return None
    return url_for("team.dataset", data_set_id=version.data_set_id)


def _promote_hint(version: ModelVersion, known: _Known) -> str | None:
    """Return what stands against letting a candidate act, in the very words of the refusal."""
    if version.state is not VersionState.CANDIDATE:
        return None
    if not known.actor.may(Permission.PROMOTE_MODELS):
        return "Somebody who may promote models can let it act."
    try:
        refuse_promotion(known.actor, version, known.active)
    except DomainError as refusal:
        return refusal.message
    return None
