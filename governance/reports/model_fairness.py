"""How a model version treats groups of people, on cases it has never seen."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from crowd.models import DataSet
from crowd.projects import project_by_id
from crowd.task_types import nominal_type_of
from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.charts.group_charts import gaps_chart, rates_chart
from governance.examples import examples_of
from governance.fairness.counts import Cases, count_groups
from governance.fairness.estimates import Minimums
from governance.fairness.group_report import group_report
from governance.fairness.plain import to_json
from governance.fairness.results import GroupReport, Metric, Rules
from governance.learning import HeldOut, held_out
from governance.model_files import load_model
from governance.models import ModelVersion, Report
from governance.registry import TrainingParameters, version_by_id
from governance.reporting import ReportDefinition
from governance.reports.content import ReportContent
from governance.scoring import score
from governance.training import outcomes_of


@dataclass(frozen=True)
class ModelFairnessProblem:
    """A version, its held-out cases with their truth, and what to compare."""

    version_id: UUID
    version_number: int
    model_file: bytes
    cases: HeldOut
    definition: ReportDefinition

    def solve(self) -> ReportContent:
        """Compare selection and errors between groups of the held-out cases."""
        report = group_report(
            count_groups(
                self._cases(), deepest_intersection=2 if self.definition.intersections else 1
            ),
            rules=Rules(
                minimums=Minimums(
                    rows=self.definition.smallest_group, people=self.definition.fewest_people
                )
            ),
        )
        return ReportContent(
            result={
                "model_version": str(self.version_id),
                "number": self.version_number,
                "measured_against": self.cases.measured_against,
                "cases": len(self.cases.examples),
                "without_truth": self.cases.without_truth,
                "positive": self.definition.positive,
                "report": to_json(report),
            },
            figures=_figures(report),
        )

    def _cases(self) -> Cases:
        payloads = [each.payload for each in self.cases.examples]
        scores = score(load_model(self.model_file), payloads)
        positive = self.definition.positive
        return Cases(
            truth=[int(true == positive) for true in self.cases.truth],
            prediction=[int(each.answer == positive) for each in scores],
            attributes={
                attribute.field: [attribute.group_of(payload) for payload in payloads]
                for attribute in self.definition.attributes
            },
            people=[each.external_id for each in self.cases.examples],
        )


def load(uow: UnitOfWork, artifacts: ArtifactStore, report: Report) -> ModelFairnessProblem:
    """Read the version that a report is about, and the cases it has never seen."""
    version = _version_of(uow, report)
    project = project_by_id(uow, project_id=report.project_id)
    kind = nominal_type_of(project.task_type)
    data_set = uow.session.exec(select(DataSet).where(col(DataSet.id) == version.data_set_id)).one()
    share = TrainingParameters.model_validate(version.parameters).held_out_share
    cases = held_out(
        examples_of(artifacts, data_set, kind), outcomes_of(uow, project.id, kind), share
    )
    return ModelFairnessProblem(
        version_id=version.id,
        version_number=version.number,
        model_file=artifacts.get(version.artifact_digest),
        cases=cases,
        definition=ReportDefinition.model_validate(report.definition),
    )


def _version_of(uow: UnitOfWork, report: Report) -> ModelVersion:
    if report.model_version_id is None:
        raise NotFound("This report names no model version.")
    return version_by_id(uow, report.model_version_id)


def _figures(report: GroupReport) -> dict[str, str]:
    by_rate = {metric.value: rates_chart(report, metric) for metric in Metric}
    return {**by_rate, "gaps": gaps_chart(report)}
