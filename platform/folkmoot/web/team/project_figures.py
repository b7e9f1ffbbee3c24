"""The figures of a project: how many, how sure, and by whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import url_for

from crowd.accuracy import Accuracy, accuracy_of
from crowd.models import ConsensusRun, Task
from crowd.progress import AnnotatorStanding, Funnel, ProjectProgress
from folkmoot.identity.naming import names_of
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.figures import Rate
from folkmoot.web.money import money_text
from folkmoot.web.payloads import line_of
from folkmoot.web.reviewer.wording import answer_words
from folkmoot.web.team.wording import agreement_sentence

# With fewer answers than this, giving only one of them says nothing yet.
ENOUGH_TO_NOTICE = 20
ALWAYS_THE_SAME = "always the same answer"


@dataclass(frozen=True)
class Step:
    """One bar; `share` is how full it is."""

    label: str
    count: int
    share: float
    href: str | None = None


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's alpha over the labels, with what it means."""

    value: float
    low: float | None
    high: float | None
    meaning: str


@dataclass(frozen=True)
class Person:
    """One annotator in this project."""

    name: str
    labels: int
    reliability: Rate | None
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
    """All figures of a project's page; `accuracy` is None where no outcome is known."""

    tasks: int
    labels: int
    surplus: int
    annotators: int
    labels_saved: int
    saved_share: float | None
    cost_text: str
    funnel: Sequence[Step]
    balance: Sequence[Step]
    agreement: Agreement | None
    accuracy: Rate | None
    people: Sequence[Person]
    mean_reliability: float | None
    hardest: Sequence[HardTask]


def figures_of(
    uow: UnitOfWork, progress: ProjectProgress, *, may_read_labels: bool
) -> ProjectFigures:
    """Return a project's progress; of annotators and tasks only to who may read labels."""
    funnel, project, run = progress.funnel, progress.project, progress.run
    return ProjectFigures(
        tasks=funnel.tasks,
        labels=funnel.labels,
        surplus=funnel.surplus,
        annotators=funnel.annotators,
        labels_saved=progress.labels_saved,
        saved_share=progress.saved_share,
        cost_text=money_text(funnel.cost_minor, project.currency),
        funnel=_funnel(funnel, project.slug, is_linked=may_read_labels),
        balance=_balance(progress),
        agreement=_agreement(run),
        accuracy=None if run is None else _accuracy(accuracy_of(uow, run_id=run.id)),
        people=_people(uow, progress.annotators) if may_read_labels else (),
        mean_reliability=_mean_reliability(progress.annotators),
        hardest=[_hard(task) for task in progress.hardest] if may_read_labels else (),
    )


def _funnel(funnel: Funnel, slug: str, *, is_linked: bool) -> list[Step]:
    tasks = url_for("team.tasks", slug=slug) if is_linked else None
    complete = url_for("team.tasks", slug=slug, state="complete") if is_linked else None
    in_places = f"Labels in {funnel.places:,} places"
    return [
        Step("Tasks", funnel.tasks, 1.0 if funnel.tasks else 0.0, tasks),
        Step(in_places, funnel.labels, _of(funnel.labels, funnel.places)),
        Step("Enough labels", funnel.complete, _of(funnel.complete, funnel.tasks), complete),
        Step("Confident", funnel.confident, _of(funnel.confident, funnel.tasks)),
    ]


def _of(part: int, whole: int) -> float:
    return min(part / whole, 1.0) if whole else 0.0


def _balance(progress: ProjectProgress) -> list[Step]:
    total = sum(progress.balance.values())
    schema = progress.project.answer_schema
    return [
        Step(answer_words(schema, name), count, count / total)
        for name, count in progress.balance.items()
        if total
    ]


def _agreement(run: ConsensusRun | None) -> Agreement | None:
    if run is None or run.agreement is None:
        return None
    meaning = agreement_sentence(run.agreement)
    return Agreement(run.agreement, run.agreement_low, run.agreement_high, meaning)


def _accuracy(found: Accuracy) -> Rate | None:
    if found.accuracy is None:
        return None
    return Rate(found.accuracy, found.low, found.high, found.n_right, found.n_cases)


def _people(uow: UnitOfWork, standings: Sequence[AnnotatorStanding]) -> list[Person]:
    names = names_of(uow, [each.annotator_id for each in standings])
    return [
        Person(
            name=names[each.annotator_id],
            labels=each.n_labels,
            reliability=_reliability(each),
            gold_seen=each.gold_seen,
            gold_right=each.gold_right,
            note=_note(each.answers),
        )
        for each in standings
    ]


def _reliability(each: AnnotatorStanding) -> Rate | None:
    if each.reliability is None:
        return None
    return Rate(each.reliability, each.low, each.high, total=each.n_labels)


def _note(answers: Mapping[str, int]) -> str | None:
    given = [count for count in answers.values() if count]
    return ALWAYS_THE_SAME if len(given) == 1 and given[0] >= ENOUGH_TO_NOTICE else None


def _mean_reliability(standings: Sequence[AnnotatorStanding]) -> float | None:
    known = [each.reliability for each in standings if each.reliability is not None]
    return sum(known) / len(known) if known else None


def _hard(task: Task) -> HardTask:
    return HardTask(
        task_id=task.id,
        external_id=task.external_id,
        summary=line_of(task.payload),
        confidence=task.confidence or 0.0,
        labels=task.n_labels,
    )
