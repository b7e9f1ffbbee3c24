"""A project that pays under its declared floor is paused, and needs a recorded word to go on."""

import pytest
from sqlmodel import select

from audit.actions import Action
from audit.disclosing import disclosed_fields
from audit.models import Entry
from crowd.models import AnnotatorRecord, Project, ProjectState
from crowd.pay_floor import make_exception, pay_rate, raise_pay_alarm, underpaid_projects
from crowd.projects import ProjectChange, change_project, change_state
from folkmoot.kernel.errors import Conflict, InvalidInput, NotAllowed

REASON = "The team tops up the difference by hand until the new pay holds."


def paid(moot, *, answers: int, seconds: float, **rules: object) -> Project:
    """Make a project that pays 5 cents an answer, with so much work done in it."""
    project = moot.project(**{"pay_floor_minor": 1000, **rules})
    annotator = moot.person()
    with moot.work() as uow:
        uow.session.add(
            AnnotatorRecord(
                project_id=project.id,
                annotator_id=annotator.id,
                n_labels=answers,
                active_seconds=seconds,
            )
        )
    return project


def sweep(moot) -> int:
    with moot.work() as uow:
        return sum(
            raise_pay_alarm(uow, project_id=project_id) for project_id in underpaid_projects(uow)
        )


def stored(moot, project) -> Project:
    with moot.read() as uow:
        return uow.session.get(Project, project.id)


def change(moot, project, **rules: object) -> Project:
    with moot.work() as uow:
        wanted = ProjectChange.model_validate(rules)
        return change_project(uow, moot.team, project_id=project.id, change=wanted)


def reopen(moot, project) -> Project:
    with moot.work() as uow:
        return change_state(uow, moot.team, project_id=project.id, state=ProjectState.OPEN)


def except_(moot, project, reason: str = REASON) -> Project:
    with moot.work() as uow:
        officer = moot.person("Officer")
        return make_exception(uow, officer, project_id=project.id, reason=reason)


def entries(moot, action: Action) -> list[Entry]:
    with moot.read() as uow:
        return list(uow.session.exec(select(Entry).where(Entry.action == action)))


@pytest.fixture
def underpaid(moot):
    """Found at 5 cents for 30 seconds: 6 euros an hour, where 10 were promised."""
    project = paid(moot, answers=20, seconds=600.0)
    assert sweep(moot) == 1
    return project


def test_the_rate_is_the_present_pay_at_the_pace_of_all(moot):
    project = paid(moot, answers=20, seconds=600.0)
    with moot.read() as uow:
        rate = pay_rate(uow.session.connection(), project)
    assert (rate.n_answers, rate.active_seconds, rate.hourly_minor) == (20, 600.0, 600)


def test_a_project_under_its_floor_is_paused_once_with_its_figures_on_record(moot, underpaid):
    assert sweep(moot) == 0
    after = stored(moot, underpaid)
    assert (after.state, after.pay_alarm_at is not None) == (ProjectState.PAUSED, True)
    [entry] = entries(moot, Action.PAY_ALARM_RAISED)
    assert b'"hourly_minor":600' in entry.envelope
    assert b'"floor_minor":1000' in entry.envelope


@pytest.mark.parametrize(
    ("answers", "seconds", "rules"),
    [
        (20, 599.0, {}),  # too little time to know
        (2, 1000.0, {}),  # too few answers to know
        (20, 360.0 * 2, {"pay_minor": 10}),  # exactly at its floor
        (20, 6000.0, {"pay_floor_minor": None}),  # promised nothing
    ],
)
def test_no_alarm_is_raised_without_evidence_or_promise(moot, answers, seconds, rules):
    paid(moot, answers=answers, seconds=seconds, **rules)
    assert sweep(moot) == 0


def test_it_cannot_be_opened_again_until_the_pay_passes(moot, underpaid):
    with pytest.raises(Conflict, match=r"comes to 6\.00 EUR here.*at least 10\.00 EUR"):
        reopen(moot, underpaid)
    change(moot, underpaid, pay_minor=8)
    with pytest.raises(Conflict, match=r"9\.60 EUR"):
        reopen(moot, underpaid)
    assert change(moot, underpaid, pay_minor=9).pay_alarm_at is None
    assert reopen(moot, underpaid).state is ProjectState.OPEN
    assert sweep(moot) == 0


def test_an_officers_exception_opens_it_and_is_recorded_with_its_reason(moot, underpaid):
    made = except_(moot, underpaid)
    assert (made.pay_exception, made.pay_alarm_at) == (REASON, None)
    assert made.state is ProjectState.PAUSED
    assert reopen(moot, underpaid).state is ProjectState.OPEN
    assert sweep(moot) == 0
    [entry] = entries(moot, Action.PAY_EXCEPTION_MADE)
    with moot.read() as uow:
        [said] = disclosed_fields(uow, entry.id).values()
    assert said.value == REASON
    assert REASON.encode() not in entry.envelope


@pytest.mark.parametrize("floor", [None, 500])
def test_a_lower_promise_does_not_end_an_alarm(moot, underpaid, floor):
    assert change(moot, underpaid, pay_floor_minor=floor).pay_alarm_at is not None
    with pytest.raises(Conflict, match=r"at least 10\.00 EUR"):
        reopen(moot, underpaid)
    raised = change(moot, underpaid, pay_minor=9)
    assert (raised.pay_alarm_at, raised.pay_alarm_floor_minor) == (None, None)
    assert reopen(moot, underpaid).state is ProjectState.OPEN


def test_nobody_makes_an_exception_for_a_project_of_their_own(moot, underpaid):
    with pytest.raises(NotAllowed, match="another officer"), moot.work() as uow:
        make_exception(uow, moot.team, project_id=underpaid.id, reason=REASON)


def test_an_exception_needs_a_reason_and_an_alarm(moot, underpaid):
    for reason in ("", "because", "x" * 2001):
        with pytest.raises(InvalidInput):
            except_(moot, underpaid, reason)
    with pytest.raises(Conflict):
        except_(moot, moot.project())


def test_worse_terms_end_an_exception_and_better_ones_do_not(moot, underpaid):
    except_(moot, underpaid)
    reopen(moot, underpaid)
    assert change(moot, underpaid, pay_minor=6).state is ProjectState.OPEN
    after = change(moot, underpaid, pay_floor_minor=1500)
    assert (after.state, after.pay_exception) == (ProjectState.PAUSED, None)


def test_a_higher_floor_is_judged_at_once(moot):
    project = paid(moot, answers=20, seconds=600.0, pay_floor_minor=600)
    assert sweep(moot) == 0
    assert change(moot, project, pay_floor_minor=601).state is ProjectState.PAUSED
    assert stored(moot, project).pay_alarm_at is not None


def test_a_project_that_was_paused_before_its_pay_fell_can_still_get_an_exception(moot):
    project = paid(moot, answers=20, seconds=600.0, pay_floor_minor=600)
    with moot.work() as uow:
        change_state(uow, moot.team, project_id=project.id, state=ProjectState.PAUSED)
    change(moot, project, pay_minor=4)
    with pytest.raises(Conflict, match="comes to"):
        reopen(moot, project)
    except_(moot, project)
    assert reopen(moot, project).state is ProjectState.OPEN
