"""Everything that touches the queue at the same time, on both databases: no deadlock, no damage."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from crowd.answering import answer_and_lease
from crowd.importing import TaskRow
from crowd.integrity import counted_integrity
from crowd.labelling import revise_label
from crowd.leasing import held_leases, next_lease, release_leases, renew_leases, skip_lease
from crowd.models import Place, Project, SkipReason, Task, TaskState
from crowd.places import return_places
from folkmoot.kernel import clock
from folkmoot.kernel.errors import DomainError

PEOPLE = 4
ACTS = 25


class Clerk:
    """One annotator who does everything that they can, in a random order."""

    def __init__(self, moot, project, person, seed: int) -> None:
        self.moot, self.project, self.person = moot, project, person
        self.dice = Random(seed)
        self.labels = []

    def work(self, barrier: Barrier) -> None:
        barrier.wait(timeout=60)
        acts = [self.answer] * 4 + [self.lease, self.renew, self.give_back, self.skip, self.revise]
        acts.append(self.prioritise)
        for _ in range(ACTS):
            try:
                self.dice.choice(acts)()
            except DomainError:
                continue

    def held(self):
        with self.moot.read() as uow:
            return held_leases(uow, project_id=self.project.id, annotator_id=self.person.id)

    def lease(self) -> None:
        with self.moot.work() as uow:
            next_lease(uow, project_id=self.project.id, annotator_id=self.person.id)

    def answer(self) -> None:
        for leased in self.held()[:1] or [self.lease()]:
            if leased is not None:
                with self.moot.work() as uow:
                    done = answer_and_lease(
                        uow,
                        annotator_id=self.person.id,
                        lease_id=leased.lease_id,
                        answer=self.dice.choice(["yes", "no"]),
                        active_seconds=2.0,
                    )
                self.labels.append(done.submitted.label.id)

    def renew(self) -> None:
        with self.moot.work() as uow:
            ids = [leased.lease_id for leased in self.held()]
            renew_leases(uow, annotator_id=self.person.id, lease_ids=ids)

    def give_back(self) -> None:
        with self.moot.work() as uow:
            ids = [leased.lease_id for leased in self.held()]
            release_leases(uow, annotator_id=self.person.id, lease_ids=ids)

    def skip(self) -> None:
        for leased in self.held()[:1]:
            with self.moot.work() as uow:
                skip_lease(
                    uow,
                    annotator_id=self.person.id,
                    lease_id=leased.lease_id,
                    reason=SkipReason.UNCLEAR,
                )

    def revise(self) -> None:
        for label_id in self.labels[-1:]:
            with self.moot.work() as uow:
                revise_label(uow, self.person, label_id=label_id, answer="no")

    def prioritise(self) -> None:
        with self.moot.work() as uow:
            connection = uow.session.connection()
            some = (
                sa.select(Task.id)
                .where(col(Task.project_id) == self.project.id, col(Task.gold_answer).is_(None))
                .order_by(col(Task.id))
                .offset(self.dice.randrange(20))
                .limit(5)
            )
            ids = list(connection.execute(some.with_for_update(key_share=True)).scalars())
            to = self.dice.randrange(3)
            connection.execute(sa.update(Task).where(col(Task.id).in_(ids)).values(priority=to))
            return_places(connection, project_id=self.project.id, priorities=dict.fromkeys(ids, to))


@pytest.fixture
def project(moot):
    project = moot.project(floor=2, ceiling=4, confidence=0.95, gold_share=0.1)
    moot.tasks(project, *[f"t{n}" for n in range(25)])
    moot.tasks(project, *[TaskRow(f"g{n}", {}, gold="yes") for n in range(3)])
    with moot.work() as uow:  # so short that leases run out meanwhile
        uow.session.exec(
            sa.update(Project).where(col(Project.id) == project.id).values(lease_seconds=1)
        )
    return project


def test_all_acts_at_once_wait_in_no_circle_and_leave_no_task_stuck(moot, project):
    clerks = [Clerk(moot, project, moot.person(), seed) for seed in range(PEOPLE)]
    barrier = Barrier(PEOPLE)
    with ThreadPoolExecutor(PEOPLE) as pool:
        for done in [pool.submit(clerk.work, barrier) for clerk in clerks]:
            done.result()  # a deadlock would be raised here

    with moot.read() as uow:
        assert counted_integrity(uow, project_id=project.id).is_sound
        ranks: dict[object, set[int]] = {}
        for place in uow.session.exec(select(Place).where(col(Place.rank).is_not(None))):
            ranks.setdefault(place.task_id, set()).add(place.rank)
        assert {len(of_task) for of_task in ranks.values()} <= {1}
    everybody_comes_to_an_end(moot, project)


def everybody_comes_to_an_end(moot, project) -> None:
    """Let fresh annotators answer all that is left a day later: nothing may be stuck."""
    with clock.moved_to(clock.now() + timedelta(days=1)):
        for _ in range(5):
            person = moot.person()
            while (leased := moot.lease(project, person)) is not None:
                moot.label(person, leased.lease_id)
    with moot.read() as uow:
        states = uow.session.exec(select(Task.state).where(Task.project_id == project.id)).all()
    assert set(states) == {TaskState.COMPLETE}
