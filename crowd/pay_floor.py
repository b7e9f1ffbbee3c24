"""The floor of pay: what an hour of work comes to, and what follows where it is too little.

The rate is what the present pay for an answer comes to at the pace of all who answered. So a
raise shows at once, and what was paid too little before it weighs on nobody's future.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import col, select

from audit.actions import Action
from audit.recording import record
from crowd.currencies import decimal_text
from crowd.models import Project, ProjectState
from crowd.tables import PROJECT, RECORD
from crowd.text import refuse_null
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM, Actor
from folkmoot.kernel.errors import Conflict, FieldProblem, InvalidInput, NotAllowed, NotFound
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

# Before so much work a rate says more of one person's morning than of the project.
FEWEST_SECONDS = 600
FEWEST_ANSWERS = 3
SHORTEST_REASON, LONGEST_REASON = 20, 2000


@dataclass(frozen=True)
class PayRate:
    """What an hour comes to in a project; `hourly_minor` is None while too little was answered."""

    n_answers: int
    active_seconds: float
    hourly_minor: int | None


def pay_rate(connection: Connection, project: Project) -> PayRate:
    """Return what an hour comes to at the present pay and the pace of all annotators."""
    counted = sa.select(
        sa.func.coalesce(sa.func.sum(RECORD.c.n_labels), 0),
        sa.func.coalesce(sa.func.sum(RECORD.c.active_seconds), 0.0),
    ).where(RECORD.c.project_id == project.id)
    n_answers, seconds = connection.execute(counted).one()
    hourly = _hourly(project.pay_minor, int(n_answers), float(seconds))
    return PayRate(int(n_answers), float(seconds), hourly)


@dataclass(frozen=True)
class PayStanding:
    """What a project promised, what it comes to, and what followed; amounts in minor units."""

    pay_minor: int
    currency: str
    floor_minor: int | None
    n_answers: int
    active_seconds: float
    hourly_minor: int | None
    is_underpaid: bool
    alarm_at: datetime | None
    exception: str | None
    sentence: str


def pay_standing(uow: UnitOfWork, *, project_id: UUID) -> PayStanding:
    """Return how a project's pay stands beside the floor that it declared."""
    project = uow.session.get(Project, project_id)
    if project is None:
        raise NotFound("There is no such project.")
    rate = pay_rate(uow.session.connection(), project)
    return PayStanding(
        pay_minor=project.pay_minor,
        currency=project.currency,
        floor_minor=project.pay_floor_minor,
        n_answers=rate.n_answers,
        active_seconds=rate.active_seconds,
        hourly_minor=rate.hourly_minor,
        is_underpaid=is_underpaid(project, rate),
        alarm_at=project.pay_alarm_at,
        exception=project.pay_exception,
        sentence=_sentence(project, rate),
    )


def is_underpaid(project: Project, rate: PayRate) -> bool:
    """Say whether a project is known to pay under the floor that it is held to."""
    floor = floor_of(project)
    return floor is not None and rate.hourly_minor is not None and rate.hourly_minor < floor


def floor_of(project: Project) -> int | None:
    """Return what an hour has to come to: while an alarm stands, the floor of then at least."""
    floors = [project.pay_floor_minor]
    if project.pay_alarm_at is not None:
        floors.append(project.pay_alarm_floor_minor)
    return max((floor for floor in floors if floor is not None), default=None)


def check_may_open(uow: UnitOfWork, project: Project) -> None:
    """Refuse to open a project under its floor, unless an officer made an exception.

    The alarm ends here where the pay was raised enough. The caller holds the project's lock.
    """
    rate = pay_rate(uow.session.connection(), project)
    if project.pay_exception is None and is_underpaid(project, rate):
        raise Conflict(
            f"{alarm_sentence(project, rate)} Raise the pay for an answer, or ask an officer "
            "for an exception."
        )
    _end_alarm(project)
    uow.session.add(project)


def judge_pay(
    uow: UnitOfWork, project: Project, *, pay_before: int, floor_before: int | None
) -> None:
    """Judge a project's pay anew after it was changed; the caller holds the project's lock.

    An exception is for the pay and the floor that it was made for: worse terms end it, and it
    is not needed any more where the rate passes.
    """
    rate = pay_rate(uow.session.connection(), project)
    if not is_underpaid(project, rate):
        _end_alarm(project)
        project.pay_exception = None
    elif _is_worse(project, pay_before=pay_before, floor_before=floor_before):
        project.pay_exception = None
    uow.session.add(project)
    _raise_alarm_if_due(uow, project, rate)


def underpaid_projects(uow: UnitOfWork) -> list[UUID]:
    """Return the open projects under their floor, as far as one look without a lock can say."""
    return list(uow.session.connection().execute(_UNDERPAID).scalars())


def raise_pay_alarm(uow: UnitOfWork, *, project_id: UUID) -> bool:
    """Pause an open project that pays under its floor; say whether it was."""
    project = _locked(uow, project_id)
    return _raise_alarm_if_due(uow, project, pay_rate(uow.session.connection(), project))


def make_exception(uow: UnitOfWork, actor: Actor, *, project_id: UUID, reason: str) -> Project:
    """Let a project run that pays under its floor; an officer's word, which is recorded.

    The project stays paused until somebody opens it. Raise NotAllowed for whoever made the
    project, and Conflict where none is needed.
    """
    refuse_null(reason, "/reason")
    said = reason.strip()
    if not SHORTEST_REASON <= len(said) <= LONGEST_REASON:
        sentence = f"Say why in {SHORTEST_REASON} to {LONGEST_REASON:,} characters."
        raise InvalidInput(sentence, fields=[FieldProblem("/reason", sentence)])
    project = _locked(uow, project_id)
    if actor.id == project.created_by:
        raise NotAllowed("You made this project: an exception needs another officer's word.")
    rate = pay_rate(uow.session.connection(), project)
    if project.pay_alarm_at is None and not is_underpaid(project, rate):
        raise Conflict("This project does not pay under its floor, so it needs no exception.")
    _record(uow, actor, Action.PAY_EXCEPTION_MADE, project, rate, reason=said)
    project.pay_exception = said
    _end_alarm(project)
    uow.session.add(project)
    return project


def alarm_sentence(project: Project, rate: PayRate) -> str:
    """Say how far the pay lies under the floor."""
    return (
        f"An hour of work comes to {_amount(rate.hourly_minor, project)} here, and this project "
        f"promised at least {_amount(floor_of(project), project)}."
    )


def _sentence(project: Project, rate: PayRate) -> str:
    """Say on a page how the pay stands; empty where there is nothing to say."""
    if project.pay_alarm_at is not None and project.state is ProjectState.PAUSED:
        return (
            f"{alarm_sentence(project, rate)} It is paused, and opens again once the pay for an "
            "answer is raised, or by an officer's exception."
        )
    return alarm_sentence(project, rate) if is_underpaid(project, rate) else ""


def _hourly(pay_minor: int, n_answers: int, seconds: float) -> int | None:
    if n_answers < FEWEST_ANSWERS or seconds < FEWEST_SECONDS:
        return None
    return round(pay_minor * n_answers * 3600 / seconds)


def _is_worse(project: Project, *, pay_before: int, floor_before: int | None) -> bool:
    # By how much of the floor an answer pays, which needs no pace.
    now, before = project.pay_floor_minor or 0, floor_before or 0
    return project.pay_minor * before < pay_before * now


def _raise_alarm_if_due(uow: UnitOfWork, project: Project, rate: PayRate) -> bool:
    is_running = project.state is ProjectState.OPEN and project.pay_exception is None
    if not is_running or not is_underpaid(project, rate):
        return False
    project.pay_alarm_at = clock.now()
    project.pay_alarm_floor_minor = project.pay_floor_minor
    project.state = ProjectState.PAUSED
    uow.session.add(project)
    _record(uow, PLATFORM, Action.PAY_ALARM_RAISED, project, rate)
    return True


def _end_alarm(project: Project) -> None:
    project.pay_alarm_at = None
    project.pay_alarm_floor_minor = None


def _locked(uow: UnitOfWork, project_id: UUID) -> Project:
    # As `crowd.projects.locked_project`, which builds on this module.
    statement = (
        select(Project)
        .where(col(Project.id) == project_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    project = uow.session.exec(statement).first()
    if project is None:
        raise NotFound("There is no such project.")
    return project


def _amount(amount_minor: int | None, project: Project) -> str:
    return f"{decimal_text(amount_minor or 0, project.currency)} {project.currency}"


def _record(
    uow: UnitOfWork,
    actor: Actor,
    action: Action,
    project: Project,
    rate: PayRate,
    *,
    reason: str | None = None,
) -> None:
    facts: JsonObject = {
        "hourly_minor": rate.hourly_minor,
        "floor_minor": floor_of(project),
        "pay_minor": project.pay_minor,
        "currency": project.currency,
        "n_answers": rate.n_answers,
        "active_seconds": round(rate.active_seconds),
    }
    record(
        uow,
        actor,
        action,
        subject_type="project",
        subject_id=project.id,
        project_id=project.id,
        facts=facts,
        personal=None if reason is None else {"reason": reason},
        personal_of=actor.id,
    )


_SECONDS, _ANSWERS = sa.func.sum(RECORD.c.active_seconds), sa.func.sum(RECORD.c.n_labels)
_UNDERPAID = (
    sa.select(PROJECT.c.id)
    .join_from(PROJECT, RECORD, RECORD.c.project_id == PROJECT.c.id)
    .where(
        PROJECT.c.state == ProjectState.OPEN,
        PROJECT.c.pay_floor_minor.is_not(None),
        PROJECT.c.pay_exception.is_(None),
    )
    .group_by(PROJECT.c.id, PROJECT.c.pay_minor, PROJECT.c.pay_floor_minor)
    .having(
        _SECONDS >= FEWEST_SECONDS,
        _ANSWERS >= FEWEST_ANSWERS,
        PROJECT.c.pay_minor * _ANSWERS * 3600 < PROJECT.c.pay_floor_minor * _SECONDS,
    )
    .order_by(PROJECT.c.id)
)
