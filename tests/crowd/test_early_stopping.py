"""What stopping early costs, replayed on gold with labels in an order that is known."""

from datetime import timedelta

import pytest
from sqlmodel import col, update

from crowd.early_stopping import FEWEST_GOLD, early_stopping
from crowd.importing import TaskRow
from crowd.models import AnnotatorRecord, Fate, Label, Origin, Project, Task
from folkmoot.kernel import clock

ANSWERS_OF_ONE = {"lost": "nnnyyyy", "kept": "yyyyyyy", "won": "yyynnnn"}


def gold_answered(moot, project: Project, **answers: str) -> None:
    """Store for each gold task (all are `yes`) its labels, first come first: y is right."""
    people = [moot.person() for _ in range(7)]
    moot.tasks(project, *[TaskRow(name, {"name": name}, gold="yes") for name in answers])
    with moot.work() as uow:
        for person in people:
            uow.session.add(
                AnnotatorRecord(project_id=project.id, annotator_id=person.id, gold_seen=1)
            )
        uow.session.flush()
    for name, given in answers.items():
        task = moot.read_task(project, name)
        with moot.work() as uow:
            for number, answer in enumerate(given):
                uow.session.add(
                    Label(
                        project_id=project.id,
                        task_id=task.id,
                        annotator_id=people[number].id,
                        origin=Origin.CROWD,
                        answer="yes" if answer == "y" else "no",
                        fate=Fate.ACCEPTED,
                        active_seconds=1.0,
                        instructions_version=1,
                        # The rows are stored in another order than they came in.
                        created_at=clock.now() + timedelta(seconds=number),
                    )
                )
            uow.session.exec(
                update(Task).where(col(Task.id) == task.id).values(n_labels=len(given))
            )


def found(moot, project: Project):
    with moot.read() as uow:
        return early_stopping(uow, project=project)


def test_what_the_first_labels_get_wrong_and_all_get_right_is_the_error_paid(moot):
    project = moot.project(floor=3, ceiling=7, confidence=0.7)
    kept = {f"kept-{number}": ANSWERS_OF_ONE["kept"] for number in range(17)}
    lost = {f"lost-{number}": ANSWERS_OF_ONE["lost"] for number in range(2)}
    gold_answered(moot, project, won=ANSWERS_OF_ONE["won"], short="nnn", **kept, **lost)

    stopping = found(moot, project)

    assert stopping.n_gold == FEWEST_GOLD
    assert (stopping.lost, stopping.won) == (2, 1)
    assert stopping.error_paid == pytest.approx(1 / 20)
    assert (stopping.early.n_right, stopping.full.n_right) == (18, 19)
    assert stopping.labels_early == 3
    assert stopping.early.low < 0.9 < stopping.early.high


def test_a_rule_that_is_never_sure_asks_to_the_ceiling_and_pays_nothing(moot):
    project = moot.project(floor=3, ceiling=7, confidence=1.0)
    gold_answered(moot, project, **{f"g{n}": ANSWERS_OF_ONE["lost"] for n in range(FEWEST_GOLD)})

    stopping = found(moot, project)

    assert stopping.labels_early == 7
    assert (stopping.lost, stopping.won, stopping.error_paid) == (0, 0, 0)


def test_little_gold_is_no_estimate(moot):
    project = moot.project(floor=3, ceiling=7)
    gold_answered(moot, project, **{f"g{n}": "yyyyyyy" for n in range(FEWEST_GOLD - 1)})

    stopping = found(moot, project)

    assert stopping.n_gold == FEWEST_GOLD - 1
    assert stopping.early is None
    assert stopping.error_paid is None
