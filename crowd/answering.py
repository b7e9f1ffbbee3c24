"""Answering a task and being given the next one, in one transaction and few statements."""

from dataclasses import dataclass
from uuid import UUID

from crowd.annotator_records import write_record
from crowd.desk import desk_of_locked
from crowd.labelling import SubmittedLabel, Taken, take_label
from crowd.leasing import HandedOut, LeasedTask, hand_out
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Answered:
    """What became of an answer, and the next task.

    refusal: why there is no next task, where it is not that nothing waits; the answer is kept.
    """

    submitted: SubmittedLabel
    leased: LeasedTask | None
    refusal: Conflict | None = None


def answer_and_lease(
    uow: UnitOfWork,
    *,
    annotator_id: UUID,
    lease_id: UUID,
    answer: Json,
    active_seconds: float,
    note: str = "",
) -> Answered:
    """Do what `submit_label` and then `next_lease` of the same project would do.

    A refusal to give another task is returned and not raised: the answer stands.
    """
    connection = uow.connection
    taken = take_label(
        uow,
        annotator_id=annotator_id,
        lease_id=lease_id,
        answer=answer,
        active_seconds=active_seconds,
        note=note,
    )
    project_id = taken.submitted.label.project_id
    handed, refusal = _next(uow, taken, project_id, annotator_id)
    write_record(
        connection,
        project_id=project_id,
        annotator_id=annotator_id,
        tally=taken.tally,
        searched=handed.searched,
    )
    return Answered(taken.submitted, handed.leased, refusal)


def _next(
    uow: UnitOfWork, taken: Taken, project_id: UUID, annotator_id: UUID
) -> tuple[HandedOut, Conflict | None]:
    connection = uow.connection
    now = clock.now()
    desk = desk_of_locked(connection, project_id, annotator_id, now)
    uncounted = 0 if taken.tally is None else 1
    try:
        return hand_out(connection, desk, now, uncounted=uncounted), None
    except Conflict as refusal:
        # Refused before anything was changed.
        return HandedOut(None), refusal
