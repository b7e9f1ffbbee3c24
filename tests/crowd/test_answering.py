"""One request of the hot path: an answer and the next task, in few statements."""

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from crowd.answering import answer_and_lease
from crowd.importing import TaskRow
from crowd.leasing import next_lease
from crowd.models import AnnotatorRecord, Label, Lease, Project, WorkDay
from folkmoot.kernel import clock
from folkmoot.kernel.compiled import Compiled
from folkmoot.kernel.errors import InvalidInput

# What an answer changes goes to PostgreSQL in one statement, with what the next lease does.
MOST_STATEMENTS = {"sqlite": 13, "postgresql": 6}


def answer_and_go_on(moot, annotator, leased, answer="yes"):
    with moot.work() as uow:
        return answer_and_lease(
            uow,
            annotator_id=annotator.id,
            lease_id=leased.lease_id,
            answer=answer,
            active_seconds=4.0,
            note="Blurred.",
        )


def set_rules(moot, project, **rules: object) -> None:
    with moot.work() as uow:
        uow.session.exec(sa.update(Project).where(col(Project.id) == project.id).values(**rules))


@pytest.fixture
def sent(moot, monkeypatch) -> list[str]:
    """The statements that reach the driver, but for the ends of transactions."""
    sent: list[str] = []
    execute = Compiled.execute_as

    def noted(compiled, connection, sql, arguments) -> object:
        sent.append(sql)
        return execute(compiled, connection, sql, arguments)

    monkeypatch.setattr(Compiled, "execute_as", noted)
    # What still goes through SQLAlchemy itself counts, too.
    sa.event.listen(
        moot.engine,
        "before_cursor_execute",
        lambda _c, _cursor, sql, *_rest: sent.append(sql) if "BEGIN" not in sql else None,
    )
    return sent


def test_an_answer_with_the_next_lease_takes_few_statements(moot, sent):
    project, ann = moot.project(floor=2, ceiling=2), moot.person()
    moot.tasks(project, *"abc")
    leased = moot.lease(project, ann)
    answered = answer_and_go_on(moot, ann, leased)
    sent.clear()
    answer_and_go_on(moot, ann, answered.leased)

    most = MOST_STATEMENTS[moot.engine.dialect.name]
    assert len(sent) <= most, Counter(sql.split("\n")[0][:70] for sql in sent)


def test_an_answer_and_the_next_lease_do_what_both_alone_would_do(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a", "b")
    with clock.moved_to(clock.now() - timedelta(seconds=60)):
        leased = moot.lease(project, ann)
    answered = answer_and_go_on(moot, ann, leased)

    assert answered.leased.external_id == "b"
    assert answered.submitted.label.note == "Blurred."
    with moot.read() as uow:
        record = uow.session.get(AnnotatorRecord, (project.id, ann.id))
        day = uow.session.exec(select(WorkDay)).one()
    assert (record.n_labels, record.active_seconds, record.cursors) == (1, 4.0, {"0": 0})
    assert (day.n_labels, day.active_seconds, day.earned_minor) == (1, 4.0, 5)


def test_an_answer_stands_where_no_further_task_may_be_given(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a", "b")
    leased = moot.lease(project, ann)
    set_rules(moot, project, state="paused")
    answered = answer_and_go_on(moot, ann, leased)

    assert answered.leased is None
    assert "paused" in answered.refusal.message
    with moot.read() as uow:
        assert uow.session.exec(select(Label)).one().id == answered.submitted.label.id


def test_a_refused_answer_leases_nothing(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a", "b")
    leased = moot.lease(project, ann)

    with pytest.raises(InvalidInput):
        answer_and_go_on(moot, ann, leased, "maybe")
    with moot.read() as uow:
        assert len(uow.session.exec(select(Lease)).all()) == 1


def test_nobody_worked_longer_on_a_task_than_they_had_it(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)

    with clock.moved_to(leased.given_at + timedelta(seconds=2)):
        assert moot.label(ann, leased.lease_id).label.active_seconds == 2.0


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_suggestion_is_shown_by_chance_and_the_lease_keeps_whether(moot, share):
    project, ann = moot.project(suggestion_share=share), moot.person()
    moot.tasks(project, TaskRow("a", {}, suggestion="no"), "b")
    first, second = moot.lease(project, ann), moot.lease(project, ann)

    assert first.suggestion == ("no" if share else None)
    with moot.read() as uow:
        leases = [uow.session.get(Lease, one.lease_id) for one in (first, second)]
    assert [lease.suggestion_shown for lease in leases] == [share > 0, None]


def test_no_more_labels_are_asked_for_than_the_budget_allows(moot):
    project = moot.project(floor=2, ceiling=3, confidence=1.0, budget_labels=3)
    moot.tasks(project, "a", "b")
    ann, bob = moot.person(), moot.person()
    first = moot.lease(project, ann)
    answered = answer_and_go_on(moot, ann, first)
    held = moot.lease(project, bob)
    assert answered.leased is not None
    assert held is not None
    assert moot.lease(project, bob) is None  # one is answered, and two are held

    assert answer_and_go_on(moot, bob, held).leased is None
    answer_and_go_on(moot, ann, answered.leased)
    with moot.work() as uow:
        assert next_lease(uow, project_id=project.id, annotator_id=moot.person().id) is None
    # "a" is not sure yet, but nobody may be asked: it waits for nothing.
    assert moot.read_task(project, "a").state == "complete"
