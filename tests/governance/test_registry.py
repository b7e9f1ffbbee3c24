"""Models and versions: who may ask for what, and what the database itself forbids."""

import pytest
import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import col, select

from audit.actions import Action
from crowd.models import TaskType
from crowd.projects import ProjectDraft, create_project
from folkmoot.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.outbox import Job, JobName, WorkState
from folkmoot.kernel.pagination import PageRequest
from governance.models import ModelVersion, VersionState
from governance.registry import (
    ModelDraft,
    active_version,
    create_model,
    models,
    promote_version,
    version_by_id,
    versions_of,
)


@pytest.fixture
def small(court):
    """A court with outcomes and two data sets of real patients."""
    court.policy()
    court.outcomes()
    return court


def test_a_model_is_made_only_for_answers_of_a_few_classes(court) -> None:
    with court.work() as uow:
        draft = ProjectDraft(
            slug="spans",
            title="Names",
            task_type=TaskType.SPANS,
            answer_schema={"classes": ["person"]},
            instructions="Mark them.",
        )
        project = create_project(uow, court.team, draft=draft)
    with pytest.raises(InvalidInput, match="answers of spans have none"), court.work() as uow:
        create_model(uow, court.team, project_id=project.id, draft=ModelDraft(name="names"))


def test_a_model_is_created_once_per_name_and_recorded(court) -> None:
    model = court.model("follow-up")
    with pytest.raises(Conflict, match="already has a model"), court.work() as uow:
        create_model(
            uow, court.team, project_id=court.project.id, draft=ModelDraft(name="follow-up")
        )
    (entry,) = court.entries(Action.MODEL_CREATED)
    assert entry.subject_id == model.id
    with court.read() as uow:
        assert [each.id for each in models(uow, wanted=PageRequest()).items] == [model.id]


def test_a_requested_version_has_a_number_a_job_and_an_entry(court) -> None:
    model = court.model()
    data_set = court.data_set(court.patients[:50])
    first, second = court.request(model, data_set), court.request(model, data_set)
    assert (first.number, second.number) == (1, 2)
    assert first.state is VersionState.TRAINING
    with court.read() as uow:
        jobs = uow.session.exec(select(Job).where(col(Job.name) == JobName.TRAIN_MODEL)).all()
        assert {job.subject_id for job in jobs} == {first.id, second.id}
        assert [each.number for each in versions_of(uow, model.id)] == [2, 1]
    assert len(court.entries(Action.MODEL_VERSION_REQUESTED)) == 2


def test_a_data_set_that_is_not_there_yet_trains_nothing(court) -> None:
    model = court.model()
    data_set = court.data_set(court.patients[:50])
    with court.work() as uow:
        uow.session.merge(data_set).state = WorkState.REQUESTED
    with pytest.raises(Conflict, match="not finished"):
        court.request(model, data_set)
    with court.read() as uow:
        assert not versions_of(uow, model.id)


def test_an_empty_data_set_and_another_projects_are_refused(court) -> None:
    model = court.model()
    with pytest.raises(InvalidInput, match="empty"):
        court.request(model, court.data_set([]))
    data_set = court.data_set(court.patients[:20], number=2)
    court.project = court.another_project()
    with pytest.raises(NotFound):
        court.request(court.model(), data_set)


def test_the_first_version_passes_against_the_commonest_answer_and_is_promoted(small) -> None:
    model = small.model()
    version = small.train(small.request(model, small.data_set(small.patients[:300])))
    assert version.gate["passed"] is True
    assert version.gate["compared_with"] is None
    promoted = small.promote(version)
    assert promoted.state is VersionState.ACTIVE
    (entry,) = small.entries(Action.MODEL_VERSION_PROMOTED)
    assert (entry.actor_id, entry.subject_id) == (small.second.id, version.id)


def test_who_asked_for_a_version_may_not_promote_it(small) -> None:
    model = small.model()
    version = small.train(small.request(model, small.data_set(small.patients[:300])))
    with pytest.raises(NotAllowed, match="second person"), small.work() as uow:
        promote_version(uow, small.team, version_id=version.id)
    with small.read() as uow:
        assert active_version(uow, model.id) is None
    assert not small.entries(Action.MODEL_VERSION_PROMOTED)


def test_a_version_that_failed_the_gate_or_is_untrained_is_not_promoted(small) -> None:
    model = small.model()
    version = small.request(model, small.data_set(small.patients[:300]))
    with pytest.raises(Conflict, match="not a candidate"):
        small.promote(version)
    trained = small.train(version)
    with small.work() as uow:
        uow.session.merge(trained).gate = {**trained.gate, "passed": False}
    with pytest.raises(Conflict, match="did not pass the gate"):
        small.promote(version)


def test_promotion_retires_the_version_that_was_active(small) -> None:
    model = small.model()
    data_set = small.data_set(small.patients[:300])
    first = small.promote(small.train(small.request(model, data_set)))
    second = small.promote(small.train(small.request(model, data_set)))
    with small.read() as uow:
        assert version_by_id(uow, first.id).state is VersionState.RETIRED
        assert active_version(uow, model.id).id == second.id


def test_a_gate_that_was_judged_against_another_version_is_stale(small) -> None:
    model = small.model()
    data_set = small.data_set(small.patients[:300])
    first = small.train(small.request(model, data_set))
    second = small.train(small.request(model, data_set))
    small.promote(first)
    with pytest.raises(Conflict, match="Another version became active"):
        small.promote(second)


def test_the_database_itself_refuses_two_active_versions(court) -> None:
    model = court.model()
    data_set = court.data_set(court.patients[:20])
    versions = [court.request(model, data_set).id for _ in range(2)]
    with pytest.raises(sa.exc.IntegrityError), court.work() as uow:
        uow.session.exec(
            sa.update(ModelVersion)
            .where(col(ModelVersion.id).in_(versions))
            .values(state=VersionState.ACTIVE)
        )


def test_an_unknown_version_is_not_found(court) -> None:
    with pytest.raises(NotFound), court.work() as uow:
        promote_version(uow, court.second, version_id=new_id())


def test_an_earlier_version_that_was_trained_later_can_replace_a_later_one(small) -> None:
    model = small.model()
    data_set = small.data_set(small.patients[:300])
    first, second = small.request(model, data_set), small.request(model, data_set)
    small.promote(small.train(second))
    small.promote(small.train(first))
    with small.read() as uow:
        assert active_version(uow, model.id).id == first.id
        assert version_by_id(uow, second.id).state is VersionState.RETIRED


@pytest.mark.parametrize("name", ["follow\u202eup", "follow\x07up", " "])
def test_a_models_name_is_one_visible_line(name: str) -> None:
    with pytest.raises(ValidationError):
        ModelDraft(name=name)
