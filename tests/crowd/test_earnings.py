from datetime import UTC, date, datetime, timedelta

from crowd.earnings import earned_since, earnings_by_day, hourly_of, ledger_of, own_rates
from crowd.models import Earning, EarningKind
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


def test_what_an_appeal_or_a_top_up_brought_is_in_the_ledger_without_an_answer(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    with clock.moved_to(NOON):
        lease_id = moot.answer(project, ann).label.lease_id
    with moot.work() as uow:
        for kind, lease in ((EarningKind.APPEAL, lease_id), (EarningKind.TOP_UP, None)):
            uow.session.add(
                Earning(
                    annotator_id=ann.id,
                    project_id=project.id,
                    lease_id=lease,
                    kind=kind,
                    amount_minor=7,
                    currency="EUR",
                    earned_at=NOON,
                )
            )
    with moot.read() as uow:
        lines = ledger_of(uow, annotator_id=ann.id)
        [day] = earnings_by_day(uow, annotator_id=ann.id)
        sums = [
            earned_since(uow, annotator_id=ann.id, since=since)
            for since in (None, NOON, NOON + timedelta(seconds=1))
        ]
    assert [(line.external_id, line.kind) for line in lines] == [
        ("a", EarningKind.LABEL),
        ("a", EarningKind.APPEAL),
        ("", EarningKind.TOP_UP),
    ]
    assert (day.n_labels, day.amount_minor, day.paid_minor) == (1, 19, 0)
    assert sums == [{"EUR": 19}, {"EUR": 19}, {}]


def test_the_own_rate_is_told_by_project_once_ten_minutes_were_worked(moot):
    project, ann = moot.project(title="Beta"), moot.person()
    moot.tasks(project, "a", "b")
    moot.answer(project, ann)
    moot.answer(project, moot.person())
    with moot.read() as uow:
        [rate] = own_rates(uow, annotator_id=ann.id)
    assert (rate.project_title, rate.n_labels, rate.earned_minor) == ("Beta", 1, 5)
    assert (rate.active_seconds, rate.hourly_minor) == (4.0, None)
    assert (hourly_of(5, 599.9), hourly_of(250, 600.0)) == (None, 1500)
