"""The figures of a project: how many, how sure, and by whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import url_for

from crowd.accuracy import accuracy_of
from crowd.models import ConsensusRun, Task
from crowd.progress import AnnotatorStanding, ProjectProgress
from crowd.task_types import NominalKind, task_type_of
from folkmoot.identity.naming import names_of
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.figures import Rate
from folkmoot.web.money import money_text
from folkmoot.web.payloads import line_of
from folkmoot.web.team.project_saving import Saving, rate_of, saving_of
from folkmoot.web.team.wording import agreement_sentence

# With fewer answers than this, neither giving only one of them nor a reliability says much yet.
ENOUGH_TO_NOTICE = 20
ALWAYS_THE_SAME = "always the same answer"
TOO_FEW_TO_SAY = "too few to say"
AFTER_A_CONSENSUS = "after a consensus"


@dataclass(frozen=True)
class Step:
    """One bar: `share` is how full it is, `hint` what it counts, `beside` what it leaves out."""

    label: str
    count: int
    share: float
    href: str | None = None
    hint: str = ""
    beside: str = ""


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's alpha over the labels, with what it means."""

    value: float
    meaning: str


@dataclass(frozen=True)
class Person:
    """One annotator in this project; without a reliability the note says why."""

    name: str
    labels: int
    reliability: Rate | None
    reliability_note: str
    gold_seen: int
    gold_right: int
    note: str | None


@dataclass(frozen=True)
class HardTask:
    """A task on which people differ."""

    task_id: UUID
    external_id: str
    summary: str
    confidence: float
    labels: int


@dataclass(frozen=True)
class ProjectFigures:
    """All figures of a project's page; `accuracy` is None where no outcome is known.

    budget_share: how much of the budget of labels is used, 0 to 1; None where there is none.
    """

    tasks: int
    labels: int
    surplus: int
    annotators: int
    saving: Saving
    cost_text: str
    budget_labels: int | None
    labels_counted: int
    budget_share: float | None
    hourly_text: str | None
    hourly_note: str
    funnel: Sequence[Step]
    balance: Sequence[Step]
    agreement: Agreement | None
    agreement_note: str
    accuracy: Rate | None
    people: Sequence[Person]
    mean_reliability: float | None
    hardest: Sequence[HardTask]


def figures_of(
    uow: UnitOfWork, progress: ProjectProgress, *, may_read_labels: bool
) -> ProjectFigures:
    """Return a project's progress; of annotators and tasks only to who may read labels."""
    funnel, project, run = progress.funnel, progress.project, progress.run
    people = _people(uow, progress.annotators)
    return ProjectFigures(
        tasks=funnel.tasks,
        labels=funnel.labels,
        surplus=funnel.surplus,
        annotators=funnel.annotators,
        saving=saving_of(progress),
        cost_text=money_text(funnel.cost_minor, project.currency),
        budget_labels=project.budget_labels,
        labels_counted=progress.labels_counted,
        budget_share=_budget_share(progress),
        hourly_text=_money(progress.pay.hourly_minor, project.currency),
        hourly_note=_hourly_note(progress),
        funnel=_funnel(progress, is_linked=may_read_labels),
        balance=_balance(progress),
        agreement=_agreement(run),
        agreement_note=_agreement_note(run),
        accuracy=None if run is None else rate_of(accuracy_of(uow, run_id=run.id)),
        people=people if may_read_labels else (),
        mean_reliability=_mean_reliability(people),
        hardest=[_hard(task) for task in progress.hardest] if may_read_labels else (),
    )


def _budget_share(progress: ProjectProgress) -> float | None:
    budget = progress.project.budget_labels
    return None if budget is None else _of(progress.labels_counted, budget)


def _money(amount_minor: int | None, currency: str) -> str | None:
    return None if amount_minor is None else money_text(amount_minor, currency)


def _hourly_note(progress: ProjectProgress) -> str:
    if progress.pay.hourly_minor is None:
        return "known after ten minutes of work"
    floor = _money(progress.project.pay_floor_minor, progress.project.currency)
    return f"promised: {floor} at least" if floor else "of active work"


def _funnel(progress: ProjectProgress, *, is_linked: bool) -> list[Step]:
    funnel, slug = progress.funnel, progress.project.slug
    tasks = url_for("team.tasks", slug=slug) if is_linked else None
    complete = url_for("team.tasks", slug=slug, state="complete") if is_linked else None
    checked = f"+ {funnel.gold:,} checked" if funnel.gold else ""
    ceiling = funnel.tasks * progress.project.ceiling
    done, confident = _of(funnel.complete, funnel.tasks), _of(funnel.confident, funnel.tasks)
    return [
        Step("Tasks", funnel.tasks, 1.0 if funnel.tasks else 0.0, tasks, beside=checked),
        Step("Places", funnel.places, _of(funnel.places, ceiling), hint="for one answer each"),
        Step("Labels", funnel.labels, _of(funnel.labels, funnel.places)),
        Step("Consensus", funnel.complete, done, complete, hint="tasks that need no more labels"),
        Step("Confident", funnel.confident, confident, hint="their consensus is sure enough"),
    ]


def _of(part: int, whole: int) -> float:
    return min(part / whole, 1.0) if whole else 0.0


def _balance(progress: ProjectProgress) -> list[Step]:
    total = sum(progress.balance.values())
    schema = progress.project.answer_schema
    kind = task_type_of(progress.project.task_type)
    if not total or not isinstance(kind, NominalKind):
        return []
    return [
        Step(kind.text_of(schema, kind.answer_of(name)), count, count / total)
        for name, count in progress.balance.items()
    ]


def _agreement(run: ConsensusRun | None) -> Agreement | None:
    if run is None or run.agreement is None:
        return None
    return Agreement(run.agreement, agreement_sentence(run.agreement))


def _agreement_note(run: ConsensusRun | None) -> str:
    if run is None:
        return "known after a consensus"
    if run.agreement is None:
        return "not estimable: too few people answered the same tasks"
    if run.agreement_low is None or run.agreement_high is None:
        return "its interval is not estimable yet"
    return f"{run.agreement_low:.2f} to {run.agreement_high:.2f}"


def _people(uow: UnitOfWork, standings: Sequence[AnnotatorStanding]) -> list[Person]:
    names = names_of(uow, [each.annotator_id for each in standings])
    return [
        Person(
            name=names[each.annotator_id],
            labels=each.n_labels,
            reliability=_reliability(each),
            reliability_note=TOO_FEW_TO_SAY if _is_mostly_prior(each) else AFTER_A_CONSENSUS,
            gold_seen=each.gold_seen,
            gold_right=each.gold_right,
            note=_note(each.answers),
        )
        for each in standings
    ]


def _reliability(each: AnnotatorStanding) -> Rate | None:
    if each.reliability is None or _is_mostly_prior(each):
        return None
    return Rate(each.reliability, each.low, each.high, total=each.n_labels)


def _is_mostly_prior(each: AnnotatorStanding) -> bool:
    """Return whether an interval would tell of the method's assumptions, not of the person."""
    return each.reliability is not None and not each.gold_seen and each.n_labels < ENOUGH_TO_NOTICE


def _note(answers: Mapping[str, int]) -> str | None:
    given = [count for count in answers.values() if count]
    return ALWAYS_THE_SAME if len(given) == 1 and given[0] >= ENOUGH_TO_NOTICE else None


def _mean_reliability(people: Sequence[Person]) -> float | None:
    rates = [person.reliability.value for person in people if person.reliability]
    known = [value for value in rates if value is not None]
    return sum(known) / len(known) if known else None


def _hard(task: Task) -> HardTask:
    return HardTask(
        task_id=task.id,
        external_id=task.external_id,
        summary=line_of(task.payload),
        confidence=task.confidence or 0.0,
        labels=task.n_labels,
    )
