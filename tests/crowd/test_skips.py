"""A skip for well-being touches no score, skill, standing or pay."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from crowd.annotating import open_projects_for, quality_of, today_of, work_of
from crowd.earnings import earnings_by_day, ledger_of, own_rates
from crowd.leasing import skip_lease
from crowd.models import (
    AnnotatorRecord,
    Earning,
    Label,
    SkipReason,
    Suspicion,
    Task,
    WorkDay,
)
from crowd.pay_floor import pay_standing
from crowd.quality import skill_of
from crowd.tallies import tally_of
from folkmoot.kernel import clock

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
# Where the search for the next task has come to is no word on anybody.
_SEARCH = {"cursors", "searched_anew_at"}


def figures(moot, project, annotator) -> list[object]:
    """Return everything that is known of an annotator's work, as it stands now."""
    with moot.read() as uow:
        record = uow.session.get(AnnotatorRecord, (project.id, annotator.id))
        stored = [
            [row.model_dump() for row in uow.session.exec(select(table)).all()]
            for table in (Earning, Label, WorkDay, Suspicion)
        ]
        beliefs = [
            (task.external_id, task.answer, task.confidence, task.state)
            for task in uow.session.exec(select(Task).order_by(Task.position))
        ]
        told = {"annotator_id": annotator.id}
        [card] = open_projects_for(uow, annotator_id=moot.team.id)
        return [
            record.model_dump(exclude=_SEARCH),
            skill_of(tally_of(record), record.run_reliability, record.run_labels),
            [(one.n_labels, one.gold_seen, one.reliability) for one in quality_of(uow, **told)],
            work_of(uow, **told),
            today_of(uow, **told),
            own_rates(uow, **told),
            ledger_of(uow, **told),
            earnings_by_day(uow, **told),
            pay_standing(uow, project_id=project.id),
            (card.seconds_per_task, card.hourly_minor),
            *stored,
            beliefs,
        ]


@pytest.mark.parametrize("reason", list(SkipReason))
def test_a_skip_changes_no_figure_of_anybody(moot, reason):
    project, ann, bob = moot.project(floor=2, ceiling=3), moot.person(), moot.person("Bob")
    moot.tasks(project, *"abcdefgh")
    with clock.moved_to(NOON):
        for answer in ("yes", "no", "yes"):
            moot.answer(project, ann, answer)
            moot.answer(project, bob, answer)
    before = figures(moot, project, ann), figures(moot, project, bob)

    for step in range(5):
        with clock.moved_to(NOON + timedelta(seconds=step)):
            leased = moot.lease(project, ann)
            with moot.work() as uow:
                skip_lease(uow, annotator_id=ann.id, lease_id=leased.lease_id, reason=reason)
    assert (figures(moot, project, ann), figures(moot, project, bob)) == before
