"""What the crowd's rows say, so that the log can be held against it and it against the log."""

from sqlmodel import col

from audit.actions import Action
from audit.row_claims import RecordedRows, StandingRows, columns_said
from audit.verdicts import ClaimSource
from crowd.models import (
    Appeal,
    ConsensusRun,
    DataSet,
    Label,
    Origin,
    PaymentExport,
    Project,
    ProjectState,
    Suspicion,
    Task,
    TaskImport,
)
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.unit_of_work import UnitOfWork

# Counters and what the sweep notices of pay: no person's rule, and told by entries of their own.
_NOT_RULES = {
    "id",
    "created_by",
    "created_at",
    "next_position",
    "pay_alarm_at",
    "pay_alarm_floor_minor",
    "pay_exception",
}
_TOLD_OF_PROJECTS = frozenset(
    {
        Action.PROJECT_CREATED,
        Action.PROJECT_CHANGED,
        Action.PROJECT_STATE_CHANGED,
        Action.PAY_ALARM_RAISED,
    }
)


def _rules(_uow: UnitOfWork, project: Project) -> JsonObject:
    rules: JsonObject = project.model_dump(mode="json", exclude=_NOT_RULES)
    return rules


def _after_step(rules: JsonObject, action: Action, facts: JsonObject) -> JsonObject:
    if action is Action.PAY_ALARM_RAISED:
        return {**rules, "state": ProjectState.PAUSED.value}
    if action is Action.PROJECT_STATE_CHANGED:
        return {**rules, "state": facts["after"]}
    after: Json = facts.get("after") if action is Action.PROJECT_CHANGED else facts
    changed = after if isinstance(after, dict) else facts
    return {**rules, **changed}


def _known_answer(_uow: UnitOfWork, task: Task) -> JsonObject:
    return {"known answer": task.gold_answer}


def _corrected(_before: JsonObject, _action: Action, facts: JsonObject) -> JsonObject:
    # Of an answer in somebody's own words the entry has a commitment, compared below.
    return {"known answer": facts["after"]} if "after" in facts else {}


# What a finished run says of itself, which its entry says too.
run_result = columns_said(
    "number",
    "method",
    "method_version",
    "parameters",
    "input_digest",
    "result_digest",
    "n_tasks",
    "n_labels",
)


def _revised(label: Label) -> JsonObject:
    return {"supersedes": str(label.supersedes_id), "after": label.answer}


def _expert(label: Label) -> JsonObject:
    return {"task": str(label.task_id), "answer": label.answer}


def _contested(appeal: Appeal) -> JsonObject:
    return {"appeal": str(appeal.id), "checked_answer": appeal.gold_before}


def _decided(appeal: Appeal) -> JsonObject:
    return {"outcome": appeal.state.value, "label": str(appeal.label_id)}


CROWD_CLAIMS: tuple[ClaimSource, ...] = (
    RecordedRows("projects", Project, Action.PROJECT_CREATED, "project", said=lambda _: {}),
    StandingRows(
        "rules of projects", Project, _TOLD_OF_PROJECTS, "project", stands=_rules, step=_after_step
    ),
    RecordedRows(
        "imports of tasks",
        TaskImport,
        Action.TASKS_IMPORTED,
        "import",
        said=columns_said("file_digest", "added", "known", "refused"),
        took_place=col(TaskImport.state) == WorkState.FINISHED,
    ),
    StandingRows(
        "corrected known answers",
        Task,
        frozenset({Action.GOLD_CHANGED}),
        "task",
        stands=_known_answer,
        step=_corrected,
        texts=lambda task: {"after": str(task.gold_answer)},
    ),
    RecordedRows(
        "revised labels",
        Label,
        Action.LABEL_REVISED,
        "label",
        said=_revised,
        took_place=(col(Label.origin) == Origin.CROWD) & col(Label.supersedes_id).is_not(None),
    ),
    RecordedRows(
        "experts' labels",
        Label,
        Action.EXPERT_LABEL_ADDED,
        "label",
        said=_expert,
        took_place=col(Label.origin) == Origin.REVIEW,
    ),
    RecordedRows(
        "appeals",
        Appeal,
        Action.LABEL_CONTESTED,
        "label",
        said=_contested,
        texts=lambda appeal: {"reason": appeal.reason},
        subject="label_id",
    ),
    RecordedRows(
        "decisions of appeals",
        Appeal,
        Action.APPEAL_DECIDED,
        "appeal",
        said=_decided,
        texts=lambda appeal: {"reason": appeal.decision_reason},
        took_place=col(Appeal.decided_at).is_not(None),
    ),
    RecordedRows(
        "suspicions",
        Suspicion,
        Action.SUSPICION_RAISED,
        "suspicion",
        said=lambda found: {"annotator": str(found.annotator_id)},
    ),
    RecordedRows(
        "settled suspicions",
        Suspicion,
        Action.SUSPICION_SETTLED,
        "suspicion",
        said=lambda found: {"annotator": str(found.annotator_id)},
        took_place=col(Suspicion.settled_at).is_not(None),
    ),
    RecordedRows(
        "files of payments",
        PaymentExport,
        Action.PAYMENTS_EXPORTED,
        "payment_export",
        said=columns_said("file_digest", "n_lines", "totals"),
    ),
    RecordedRows(
        "consensus runs",
        ConsensusRun,
        Action.CONSENSUS_FINISHED,
        "consensus_run",
        said=run_result,
        took_place=col(ConsensusRun.state) == WorkState.FINISHED,
    ),
    RecordedRows(
        "data sets",
        DataSet,
        Action.DATA_SET_FINISHED,
        "data_set",
        said=lambda found: {"digest": found.digest, "manifest": found.manifest},
        took_place=col(DataSet.state) == WorkState.FINISHED,
    ),
)
