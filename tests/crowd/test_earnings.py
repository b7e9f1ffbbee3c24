from datetime import UTC, date, datetime, timedelta

from crowd.earnings import earnings_by_day, ledger_of
from folkmoot.kernel import clock

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_earnings_are_summed_by_day_and_project(moot):
    first, second = moot.project(title="Beta"), moot.project(title="Alpha", currency="USD")
    ann, bob = moot.person(), moot.person("Bob")
    moot.tasks(first, "a", "b", "c", "d")
    moot.tasks(second, "a", "b")
    with clock.moved_to(NOON - timedelta(days=1)):
        moot.answer(first, ann)
    with clock.moved_to(NOON):
        moot.answer(first, ann)
        moot.answer(first, ann)
        moot.answer(second, ann)
        moot.answer(first, bob)

    with moot.read() as uow:
        days = earnings_by_day(uow, annotator_id=ann.id)
        older = earnings_by_day(uow, annotator_id=ann.id, before=NOON.date())
    told = [
        (row.day, row.project_title, row.n_labels, row.amount_minor, row.currency) for row in days
    ]
    assert told == [
        (date(2026, 3, 4), "Alpha", 1, 5, "USD"),
        (date(2026, 3, 4), "Beta", 2, 10, "EUR"),
        (date(2026, 3, 3), "Beta", 1, 5, "EUR"),
    ]
    assert [row.day for row in older] == [date(2026, 3, 3)]


def test_the_ledger_names_every_task_that_was_paid(moot):
    project, ann, bob = moot.project(), moot.person(), moot.person("Bob")
    moot.tasks(project, "a", "b", "c")
    with clock.moved_to(NOON):
        moot.answer(project, ann)
        moot.answer(project, bob)
        moot.answer(project, ann)
    with moot.read() as uow:
        lines = ledger_of(uow, annotator_id=ann.id)
    assert [(line.external_id, line.amount_minor) for line in lines] == [("a", 5), ("c", 5)]
    assert {line.earned_at for line in lines} == {NOON}
