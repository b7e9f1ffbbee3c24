"""After each answer: the tally with it, and what follows where it shows a new pattern."""

from dataclasses import dataclass

from crowd.annotator_records import write_record
from crowd.places import lock_queue
from crowd.tallies import Counted, Tally, tally_after
from crowd.task_types import Support, task_type_of
from crowd.turns import Turn
from crowd.watching import WatchRules, act_on, new_patterns, watch_rules
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Watched:
    """What to tell the annotator, or "", and the tally, unless it was written already."""

    notice: str
    tally: Tally | None


def watch_answer(
    uow: UnitOfWork,
    turn: Turn,
    answer: Json,
    *,
    active_seconds: float,
    claimed_seconds: float,
    was_right: bool | None,
    support: Support | None,
) -> Watched:
    """Count an answer in its annotator's tally; act only on a pattern that it brought."""
    rules = watch_rules(turn.watch)
    counted = Counted(
        answer_mark=task_type_of(turn.rules.task_type).mark_of(answer),
        active_seconds=active_seconds,
        is_fast=rules.is_fast(claimed_seconds),
        was_right=was_right,
        support=None if support is None else support.share,
        certainty=None if support is None else support.certainty,
    )
    tally = tally_after(turn.tally, counted)
    if not new_patterns(turn.tally, tally, rules):
        return Watched("", tally)
    return Watched(_act(uow, turn, tally, rules), None)


def _act(uow: UnitOfWork, turn: Turn, tally: Tally, rules: WatchRules) -> str:
    connection = uow.connection
    project_id, annotator_id = turn.rules.project_id, turn.annotator_id
    # What follows may set counters of the tally back, so it is written first.
    write_record(connection, project_id=project_id, annotator_id=annotator_id, tally=tally)
    # The log's counter comes after the queue's row, which the next lease may ask for.
    lock_queue(connection, project_id)
    acted = [
        act_on(
            uow,
            project_id=project_id,
            annotator_id=annotator_id,
            pattern=pattern,
            tally=tally,
            rules=rules,
        )
        for pattern in sorted(new_patterns(turn.tally, tally, rules))
    ]
    return " ".join(one.sentence for one in acted if one is not None)
