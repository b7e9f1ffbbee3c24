"""Whose answers differ from the others', and between groups of the people asked about."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from crowd.models import Label, Origin, Task
from crowd.projects import project_by_id
from crowd.task_types import NominalKind, nominal_type_of
from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.charts.annotator_charts import annotators_chart
from governance.fairness.annotator_counts import Answers
from governance.fairness.annotator_report import annotator_report
from governance.fairness.annotator_results import AnnotatorReport, AnnotatorRules
from governance.fairness.plain import to_json
from governance.models import Report
from governance.reporting import ReportDefinition
from governance.reports.content import ReportContent


@dataclass(frozen=True)
class GivenAnswer:
    """One current label, as classes; `gold` is the known answer of its task, if it has one."""

    annotator: str
    task_id: UUID
    answer: str
    gold: str | None
    payload: JsonObject


@dataclass(frozen=True)
class AnnotatorFairnessProblem:
    """All current labels of the crowd, and what to compare.

    `people` gives the account behind each pseudonym: names stay out of the report.
    """

    people: dict[str, UUID]
    given: tuple[GivenAnswer, ...]
    definition: ReportDefinition

    def solve(self) -> ReportContent:
        """Compare each annotator with a reference that does not hold their own answer."""
        references = references_of(self.given)
        judged = [
            (each, reference)
            for each, reference in zip(self.given, references, strict=True)
            if reference is not None
        ]
        found = {
            attribute.field: self._report(
                judged, [attribute.group_of(each.payload) for each, _reference in judged]
            )
            for attribute in self.definition.attributes
        }
        people: JsonObject = {name: str(account) for name, account in self.people.items()}
        by_field: JsonObject = {field: to_json(report) for field, report in found.items()}
        return ReportContent(
            result={
                "people": people,
                "labels": len(self.given),
                "without_reference": len(self.given) - len(judged),
                "positive": self.definition.positive,
                "by_field": by_field,
            },
            figures={field: annotators_chart(report) for field, report in found.items()},
        )

    def _report(
        self, judged: Sequence[tuple[GivenAnswer, str]], groups: Sequence[str | None]
    ) -> AnnotatorReport:
        return annotator_report(
            Answers(
                annotators=[each.annotator for each, _reference in judged],
                item_groups=groups,
                answers=[each.answer for each, _reference in judged],
                references=[reference for _each, reference in judged],
            ),
            positive=self.definition.positive or "",
            rules=AnnotatorRules(minimum_answers=self.definition.smallest_group),
        )


def references_of(given: Sequence[GivenAnswer]) -> list[str | None]:
    """Return what each label is compared with: gold, else what most *others* answered.

    None where the others are tied or there are none: such a label says nothing of its annotator.
    """
    by_task: defaultdict[UUID, Counter[str]] = defaultdict(Counter)
    for each in given:
        by_task[each.task_id][each.answer] += 1
    return [each.gold or _most_others(by_task[each.task_id], each.answer) for each in given]


def load(uow: UnitOfWork, _artifacts: ArtifactStore, report: Report) -> AnnotatorFairnessProblem:
    """Read the current labels of a project's annotators."""
    project = project_by_id(uow, project_id=report.project_id)
    kind = nominal_type_of(project.task_type)
    rows = uow.session.exec(
        select(Label, Task)
        .join(Task, col(Task.id) == col(Label.task_id))
        .where(
            col(Label.project_id) == project.id,
            col(Label.is_current),
            col(Label.origin) == Origin.CROWD,
        )
        .order_by(col(Label.id))
    ).all()
    names = pseudonyms({label.annotator_id for label, _task in rows})
    return AnnotatorFairnessProblem(
        people={name: account for account, name in names.items()},
        given=tuple(_given(kind, names[label.annotator_id], label, task) for label, task in rows),
        definition=ReportDefinition.model_validate(report.definition),
    )


def pseudonyms(accounts: set[UUID]) -> dict[UUID, str]:
    """Name annotators A1, A2, … in the order in which their accounts were made."""
    return {account: f"A{place}" for place, account in enumerate(sorted(accounts), start=1)}


def _given(kind: NominalKind, annotator: str, label: Label, task: Task) -> GivenAnswer:
    return GivenAnswer(
        annotator=annotator,
        task_id=task.id,
        answer=kind.class_of(label.answer),
        gold=_gold(kind, task.gold_answer),
        payload=task.payload,
    )


def _gold(kind: NominalKind, gold: Json | None) -> str | None:
    return None if gold is None else kind.class_of(gold)


def _most_others(votes: Counter[str], own: str) -> str | None:
    others = (votes - Counter([own])).most_common(2)
    if not others or (len(others) == 2 and others[0][1] == others[1][1]):
        return None
    return others[0][0]
