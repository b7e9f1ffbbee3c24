"""What the annotator's own page says of their answers, and what they can contest."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crowd.appeals import JudgedLabel, judged_labels
from crowd.models import (
    AnnotatorRecord,
    AppealState,
    Project,
    Suspicion,
    SuspicionState,
)
from crowd.own_quality import checked_records, noticed_of
from crowd.quality import skill_of
from crowd.suspicion_sentences import sentence_of
from crowd.tallies import tally_of
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.figures import Rate

# Before so many checked answers a share says nothing about anyone.
FEWEST_CHECKED = 10
MOST_CONTESTABLE = 20
# From here on an annotator is called careful.
CAREFUL = 0.8

_APPEALS = {
    AppealState.OPEN: "being looked at",
    AppealState.UPHELD: "you were right",
    AppealState.REJECTED: "it stays as it is",
}


@dataclass(frozen=True)
class QualityView:
    """How answers compare with the checked ones of one project, and with the others'."""

    project: str
    sentence: str
    beside_others: str
    meaning: str
    rate: Rate


@dataclass(frozen=True)
class ContestableView:
    """An answer that differs from the checked one; `appeal` is "" before any.

    decision: what the second person said of an appeal, or "".
    """

    label_id: UUID
    project: str
    task: str
    answer: str
    checked: str
    explanation: str
    at: datetime
    appeal: str
    is_open: bool
    decision: str


@dataclass(frozen=True)
class NoticedView:
    """What was noticed of one's answers, and what one said to it."""

    suspicion_id: UUID
    project: str
    sentence: str
    at: datetime
    objection: str
    is_settled: bool


def quality_views_of(uow: UnitOfWork, annotator_id: UUID) -> list[QualityView]:
    """Return quality in words, for the projects where enough answers were checked."""
    known = checked_records(uow, annotator_id=annotator_id, fewest=FEWEST_CHECKED)
    return [_quality(record, project) for record, project in known]


def contestable_views_of(uow: UnitOfWork, annotator_id: UUID) -> list[ContestableView]:
    """Return the latest answers that differ from the checked ones, and their appeals."""
    judged = judged_labels(uow, annotator_id=annotator_id, at_most=MOST_CONTESTABLE)
    return [_contestable(one) for one in judged]


def noticed_views_of(uow: UnitOfWork, annotator_id: UUID) -> list[NoticedView]:
    """Return what was noticed of somebody's answers and not found to be nothing, newest first."""
    noticed = noticed_of(uow, annotator_id=annotator_id, at_most=MOST_CONTESTABLE)
    return [_noticed(suspicion, project) for suspicion, project in noticed]


def _quality(record: AnnotatorRecord, project: Project) -> QualityView:
    skill = skill_of(tally_of(record), record.run_reliability, record.run_labels)
    return QualityView(
        project=project.title,
        sentence=(
            f"You agreed with the checked answers {record.gold_right} times of {record.gold_seen}."
        ),
        beside_others=_beside_others(record),
        meaning=_meaning(skill.low, skill.high),
        rate=Rate(skill.mean, skill.low, skill.high, total=record.gold_seen),
    )


def _beside_others(record: AnnotatorRecord) -> str:
    if record.compared < FEWEST_CHECKED:
        return ""
    share = round(100 * record.agreed / record.compared)
    return f"Where others were sure, your answer was theirs in {share} of 100 cases."


def _meaning(low: float, high: float) -> str:
    if low >= CAREFUL:
        return "That is the work of a careful annotator."
    if high >= CAREFUL:
        return "That is in the range of careful annotators."
    return "Careful annotators agree more often. The instructions may settle what differs."


def _contestable(judged: JudgedLabel) -> ContestableView:
    return ContestableView(
        label_id=judged.label_id,
        project=judged.project_title,
        task=judged.external_id,
        answer=judged.answer_text,
        checked=judged.checked_text,
        explanation=judged.explanation,
        at=judged.answered_at,
        appeal="" if judged.appeal is None else _APPEALS[judged.appeal],
        is_open=judged.appeal is AppealState.OPEN,
        decision=judged.decision_reason,
    )


def _noticed(suspicion: Suspicion, project: Project) -> NoticedView:
    return NoticedView(
        suspicion_id=suspicion.id,
        project=project.title,
        sentence=sentence_of(suspicion.pattern, suspicion.action, suspicion.evidence),
        at=suspicion.found_at,
        objection=suspicion.objection,
        is_settled=suspicion.state is not SuspicionState.OPEN,
    )
