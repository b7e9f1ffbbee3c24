"""Sensitive content by opt-in, and the limits of a day and of a sitting."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from audit.actions import Action
from audit.models import Entry
from crowd.admission import UNDERPAID
from crowd.leasing import held_leases, skip_lease
from crowd.models import (
    AnnotatorRecord,
    ContentFlag,
    Project,
    ProjectState,
    Sitting,
    SkipReason,
    Standing,
    WorkDay,
)
from crowd.preferences import accept_flags, preferences_of, set_preferences
from crowd.sitting_times import REST
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict, NotNow

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def rule(moot, project, **rules: object) -> None:
    """Give a project rules that its draft may not know yet."""
    with moot.work() as uow:
        stored = uow.session.get(Project, project.id)
        for name, value in rules.items():
            setattr(stored, name, value)
        uow.session.add(stored)


def choose(moot, annotator, *flags: ContentFlag):
    with moot.work() as uow:
        return set_preferences(uow, annotator, accepted_flags=flags)


@pytest.fixture
def sensitive(moot):
    project = moot.project()
    moot.tasks(project, *"abcdef")
    rule(moot, project, content_flags=["hate", "violence"])
    return project


def test_sensitive_tasks_are_given_only_to_who_opted_in_to_every_flag(moot, sensitive):
    ann = moot.person()
    with pytest.raises(NotNow, match=r"may show violence and hate.*opt in at “Work”") as refused:
        moot.lease(sensitive, ann)
    assert refused.value.retry_at is None

    choose(moot, ann, ContentFlag.HATE)
    choose(moot, moot.person(), *ContentFlag)  # another person's choice opens nothing
    with pytest.raises(NotNow, match="may show violence"):
        moot.lease(sensitive, ann)

    with moot.work() as uow:
        accept_flags(uow, ann, flags=[ContentFlag.VIOLENCE])
    assert moot.lease(sensitive, ann) is not None


def test_opting_out_works_at_once_and_gives_back_what_is_in_hand(moot, sensitive):
    ann, harmless = moot.person(), moot.project()
    moot.tasks(harmless, "x")
    choose(moot, ann, ContentFlag.HATE, ContentFlag.VIOLENCE)
    for project in (sensitive, sensitive, harmless):
        moot.lease(project, ann)

    choose(moot, ann, ContentFlag.HATE)
    with moot.read() as uow:
        assert held_leases(uow, project_id=sensitive.id, annotator_id=ann.id) == []
        assert len(held_leases(uow, project_id=harmless.id, annotator_id=ann.id)) == 1
        assert preferences_of(uow, annotator_id=ann.id).accepted_flags == ["hate"]
    with pytest.raises(NotNow):
        moot.lease(sensitive, ann)


def test_a_choice_is_recorded_once_and_names_nothing_that_cannot_be_erased(moot):
    ann = moot.person()
    choose(moot, ann, ContentFlag.HATE)
    choose(moot, ann, ContentFlag.HATE)
    with moot.read() as uow:
        [entry] = uow.session.exec(
            select(Entry).where(Entry.action == Action.PREFERENCES_CHANGED)
        ).all()
    assert b"hate" not in entry.envelope


def test_no_more_sensitive_tasks_are_given_in_a_day_than_the_project_allows(moot, sensitive):
    rule(moot, sensitive, sensitive_per_day=2)
    ann, bob = moot.person(), moot.person("Bob")
    for person in (ann, bob):
        choose(moot, person, *ContentFlag)
    with clock.moved_to(NOON):
        moot.answer(sensitive, ann)
        skipped = moot.lease(sensitive, ann)
        with moot.work() as uow:  # what was seen was seen
            skip_lease(
                uow,
                annotator_id=ann.id,
                lease_id=skipped.lease_id,
                reason=SkipReason.NOT_GOOD_FOR_ME,
            )
        with pytest.raises(NotNow, match="tomorrow from 00:00 UTC") as refused:
            moot.lease(sensitive, ann)
        assert moot.lease(sensitive, bob) is not None
    assert refused.value.retry_at == datetime(2026, 3, 5, tzinfo=UTC)
    with clock.moved_to(refused.value.retry_at):
        assert moot.lease(sensitive, ann) is not None


def test_the_day_counts_sensitive_tasks_of_all_projects_and_harmless_ones_of_none(moot, sensitive):
    other, harmless, ann = moot.project(), moot.project(), moot.person()
    moot.tasks(other, "a", "b", "c")
    moot.tasks(harmless, "a", "b", "c")
    rule(moot, other, content_flags=["medical"], sensitive_per_day=1)
    rule(moot, harmless, sensitive_per_day=1)
    choose(moot, ann, *ContentFlag)
    with clock.moved_to(NOON):
        moot.answer(harmless, ann)
        moot.answer(harmless, ann)
        moot.answer(sensitive, ann)
        with pytest.raises(NotNow, match="1 sensitive task today"):
            moot.lease(other, ann)
        assert moot.lease(harmless, ann) is not None
    with moot.read() as uow:
        days = {day.project_id: day for day in uow.session.exec(select(WorkDay))}
    assert days[sensitive.id].n_sensitive == 1


def test_a_sitting_that_lasted_its_time_ends_in_a_rest(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a", "b", "c")
    rule(moot, project, session_cap_minutes=60)
    with moot.work() as uow:
        uow.session.add(
            Sitting(annotator_id=ann.id, started_at=NOON, last_beat_at=NOON, active_seconds=3600.0)
        )
    with clock.moved_to(NOON + timedelta(minutes=10)):
        with pytest.raises(NotNow, match="from 13:00 UTC you can go on") as refused:
            moot.lease(project, ann)
        assert moot.lease(project, moot.person()) is not None
    assert refused.value.retry_at == NOON + REST
    with clock.moved_to(NOON + REST):
        assert moot.lease(project, ann) is not None


def test_a_paused_annotator_reads_why(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    with moot.work() as uow:
        uow.session.add(
            AnnotatorRecord(
                project_id=project.id,
                annotator_id=ann.id,
                standing=Standing.PAUSED,
                standing_reason="Many answers came faster than a person can read.",
            )
        )
    with pytest.raises(NotNow, match=r"paused\. Many answers came faster"):
        moot.lease(project, ann)


def test_a_project_that_was_paused_for_its_pay_says_so_and_is_no_break(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a", "b")
    held = moot.lease(project, ann)
    rule(moot, project, state=ProjectState.PAUSED, pay_alarm_at=NOON)
    with pytest.raises(Conflict, match=UNDERPAID) as refused:
        moot.lease(project, ann)
    assert not isinstance(refused.value, NotNow)
    assert moot.label(ann, held.lease_id).earning.amount_minor == 5
