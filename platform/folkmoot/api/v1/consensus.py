"""Consensus runs: many labels into one answer with its confidence."""

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from crowd import consensus_changes, consensus_runs
from crowd.accuracy import Accuracy, accuracy_of
from crowd.models import ConsensusRun
from folkmoot.api.operations import Api, Call, Download, PageQuery, PageView, View
from folkmoot.identity.naming import names_of
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.pagination import Page

api = Api("consensus")


class Method(StrEnum):
    """A way to aggregate; which of them fit a task type is said where another one is refused."""

    ENSEMBLE = "ensemble"
    DAWID_SKENE = "dawid_skene"
    SKILL_BY_CLASS = "skill_by_class"
    ONE_COIN = "one_coin"
    MACE = "mace"
    GLAD = "glad"
    IBCC = "ibcc"
    EBCC = "ebcc"
    CROWDLAB = "crowdlab"
    WEIGHTED_MAJORITY = "weighted_majority"
    MAJORITY = "majority"
    GRADED_ENSEMBLE = "graded_ensemble"
    GRADED = "graded"
    SCORES = "scores"
    IMPLIED_PAIRS = "implied_pairs"
    MULTI_LABEL = "multi_label"
    GAUSSIAN = "gaussian"
    SEQUENCES = "sequences"
    REGIONS = "regions"
    MEDOID = "medoid"
    AGREEMENT = "agreement"


class NewRun(BaseModel):
    """The method that the labels are to be aggregated by: the task type's usual one if none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method | None = None


class RunView(View):
    """One consensus run, with what is needed to derive it again.

    `algorithm` is what ran in the end, and `fallback` says why where that is simpler than `method`;
    `calibration` says how confidence was corrected by gold, or that there was too little of it.
    """

    id: UUID
    project_id: UUID
    number: int
    method: str
    method_version: str
    algorithm: str
    fallback: str
    calibration: JsonObject
    parameters: JsonObject
    state: WorkState
    stage: str
    input_digest: str
    result_digest: str
    n_tasks: int
    n_labels: int
    labels_saved: int
    iterations: int
    converged: bool
    agreement: float | None
    agreement_low: float | None
    agreement_high: float | None
    created_at: datetime


class SinceQuery(BaseModel):
    """Which earlier run to compare with: the finished one before it, if none is named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: UUID | None = None


class ChangesView(View):
    """How two runs differ: tasks with the same answer, another, or in one of the runs only."""

    since: UUID
    same: int
    changed: int
    added: int
    gone: int


class ReliabilityView(View):
    """How reliable an annotator was found to be: the chance of a right answer, 95 % interval.

    `traits` is what else the model says of them: bias and spread of numbers, for example.
    """

    annotator_id: UUID
    annotator_name: str
    reliability: float
    low: float
    high: float
    n_labels: int
    traits: JsonObject


class ReliabilitiesView(View):
    """The annotators of a run, by their accounts."""

    items: list[ReliabilityView]


class AccuracyView(View):
    """How often a run's answers equal the recorded outcomes, 95 % interval."""

    n_cases: int
    n_right: int
    accuracy: float | None
    low: float | None
    high: float | None


@api.post(
    "/projects/<uuid:project_id>/consensus-runs",
    access=Permission.MANAGE_PROJECTS,
    shows=RunView,
    status=HTTPStatus.ACCEPTED,
)
def start_consensus_run(call: Call, project_id: UUID, body: NewRun) -> ConsensusRun:
    """Aggregate the labels of a project; a job does it."""
    method = None if body.method is None else body.method.value
    return consensus_runs.request_consensus(
        call.uow, call.actor, project_id=project_id, method=method
    )


@api.get(
    "/projects/<uuid:project_id>/consensus-runs",
    access=Permission.READ_LABELS,
    shows=PageView[RunView],
)
def list_consensus_runs(call: Call, project_id: UUID, query: PageQuery) -> Page[ConsensusRun]:
    """List the consensus runs of a project, the newest first."""
    return consensus_runs.runs_of(call.uow, project_id=project_id, wanted=query.wanted)


@api.get("/consensus-runs/<uuid:run_id>", access=Permission.READ_LABELS, shows=RunView)
def get_consensus_run(call: Call, run_id: UUID) -> ConsensusRun:
    """Return one consensus run."""
    return consensus_runs.run_by_id(call.uow, run_id=run_id)


@api.get(
    "/consensus-runs/<uuid:run_id>/reliabilities",
    access=Permission.READ_LABELS,
    shows=ReliabilitiesView,
)
def list_reliabilities(call: Call, run_id: UUID) -> dict[str, list[ReliabilityView]]:
    """Return how reliable each annotator was found to be in a run."""
    found = consensus_runs.reliabilities_of(call.uow, run_id=run_id)
    names = names_of(call.uow, [one.annotator_id for one in found])
    items = [
        ReliabilityView(
            annotator_id=one.annotator_id,
            annotator_name=names[one.annotator_id],
            reliability=one.reliability,
            low=one.low,
            high=one.high,
            n_labels=one.n_labels,
            traits=one.traits,
        )
        for one in found
    ]
    return {"items": items}


@api.post(
    "/consensus-runs/<uuid:run_id>/cancel",
    access=Permission.MANAGE_PROJECTS,
    shows=RunView,
    status=HTTPStatus.OK,
)
def cancel_consensus_run(call: Call, run_id: UUID) -> ConsensusRun:
    """Break a run off before it has finished; nothing of it is kept."""
    return consensus_runs.cancel_run(call.uow, call.actor, run_id=run_id)


@api.get("/consensus-runs/<uuid:run_id>/changes", access=Permission.READ_LABELS, shows=ChangesView)
def get_changes(call: Call, run_id: UUID, query: SinceQuery) -> dict[str, object]:
    """Count what changed since an earlier run of the same project."""
    pair = consensus_changes.pair_since(call.uow, run_id=run_id, since=query.since)
    return {"since": pair.before.id, **asdict(consensus_changes.count_changes(call.uow, pair))}


@api.get("/consensus-runs/<uuid:run_id>/changes.csv", access=Permission.READ_LABELS, shows=Download)
def get_changes_file(call: Call, run_id: UUID, query: SinceQuery) -> Download:
    """Hand out every task of two runs as CSV: both answers with their confidence."""
    pair = consensus_changes.pair_since(call.uow, run_id=run_id, since=query.since)
    written = consensus_changes.as_csv(consensus_changes.every_task(call.uow, pair))
    name = f"run-{pair.before.number}-to-{pair.after.number}.csv"
    return Download(written, "text/csv", name)


@api.get(
    "/consensus-runs/<uuid:run_id>/accuracy", access=Permission.READ_LABELS, shows=AccuracyView
)
def get_accuracy(call: Call, run_id: UUID) -> Accuracy:
    """Return how often a run's answers equal the outcomes recorded since."""
    return accuracy_of(call.uow, run_id=run_id)
