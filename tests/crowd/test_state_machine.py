"""A crowd of any shape at work, with the clock moved by hand: what must hold after every step.

Hypothesis draws the steps: leases, heartbeats, labels in time, late or twice, skips, releases,
revisions, pauses, new priorities, audits, appeals. After each, the rows are counted anew, and
every hand-out is compared with what a slow, plain reading of the rows would have allowed.
"""

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.engine import Engine
from sqlmodel import col, select

from crowd.appeal_decisions import decide_appeal
from crowd.appeals import open_appeal
from crowd.asking_again import ask_again
from crowd.importing import TaskRow
from crowd.integrity import counted_integrity
from crowd.labelling import revise_label, submit_label
from crowd.leasing import MOST_LEASES, next_lease, release_lease, renew_leases, skip_lease
from crowd.models import (
    AnnotatorRecord,
    AppealState,
    Earning,
    Fate,
    Label,
    Lease,
    LeaseReason,
    LeaseState,
    Origin,
    Place,
    ProjectState,
    Purpose,
    SkipReason,
    Task,
    TaskState,
)
from crowd.prioritising import set_priorities
from crowd.projects import change_state
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import AlreadyAnswered, Conflict, Gone, InvalidInput, NotFound

from .conftest import Crowd

FLOOR, CEILING, LEASE_SECONDS = 2, 3, 60
PEOPLE, FIRST_TASKS, MOST_TASKS, GOLD = 4, 2, 6, "gold"
ANSWERS = st.sampled_from(["yes", "no"])
WHO = st.integers(0, PEOPLE - 1)
NTH = st.integers(0, 1000)
CHANCE = st.integers(0, 999_999)


@dataclass(frozen=True)
class Given:
    """A lease as the annotator remembers it, whatever became of it since."""

    annotator: Actor
    lease_id: UUID
    task_id: UUID


class Labelling(RuleBasedStateMachine):
    """Annotators of one project, and all that may happen to them."""

    crowd: Crowd
    gold_share: float

    @initialize()
    def open_the_project(self) -> None:
        self.now = datetime(2026, 3, 1, 9, tzinfo=UTC)
        self.seen: dict[type, Sequence] = {}
        self.given: list[Given] = []
        self.acknowledged: dict[UUID, str] = {}
        self.revised: set[UUID] = set()
        self.n_tasks = 0
        with self.at_now():
            self.people = [self.crowd.person(f"Annotator {n}") for n in range(PEOPLE)]
            self.project = self.crowd.project(
                floor=FLOOR,
                ceiling=CEILING,
                confidence=0.95,
                lease_seconds=LEASE_SECONDS,
                gold_share=self.gold_share,
            )
            gold = [TaskRow(GOLD, {"name": GOLD}, gold="yes")] if self.gold_share else []
            self.crowd.tasks(self.project, *gold)
        for _ in range(FIRST_TASKS):
            self.add_a_task()

    @precondition(lambda self: self.n_tasks < MOST_TASKS)
    @rule()
    def add_a_task(self) -> None:
        with self.at_now():
            self.crowd.tasks(self.project, f"t{self.n_tasks}")
        self.n_tasks += 1

    @rule(seconds=st.sampled_from([1, 20, LEASE_SECONDS + 1, 1000]))
    def let_time_pass(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(who=WHO, chance=CHANCE, answer=ANSWERS)
    def ask_and_answer(self, who: int, chance: int, answer: str) -> None:
        before = len(self.given)
        self.ask_for_a_task(who, chance)
        if len(self.given) > before:
            self.answer(before, answer)

    @rule(chance=CHANCE)
    def everybody_asks(self, chance: int) -> None:
        for who in range(PEOPLE):
            self.ask_for_a_task(who, chance)

    @rule(who=WHO, chance=CHANCE)
    def ask_for_a_task(self, who: int, chance: int) -> None:
        annotator = self.people[who]
        allowed = self.may_be_given(annotator)
        try:
            with self.at_now(), self.crowd.work() as uow, falling(chance):
                leased = next_lease(uow, project_id=self.project.id, annotator_id=annotator.id)
        except Conflict:
            assert self.is_paused or self.held_by(annotator) >= MOST_LEASES
            return
        assert not self.is_paused
        if leased is None:
            assert allowed == {}, "a task waited for this annotator and was not found"
            return
        self.given.append(Given(annotator, leased.lease_id, leased.task_id))
        if self.lease(leased.lease_id).reason is not LeaseReason.GOLD:
            assert leased.task_id in allowed, "this task was not theirs to have"
            assert allowed[leased.task_id] == max(allowed.values()), "a more urgent one waited"

    @precondition(lambda self: self.given)
    @rule(nth=NTH)
    def renew(self, nth: int) -> None:
        given = self.one_of(nth)
        before = self.lease(given.lease_id)
        # An answer under an earlier lease of the same task has taken this one's place.
        has_place = any(place.lease_id == given.lease_id for place in self.rows(Place))
        with self.at_now(), self.crowd.work() as uow:
            renewed = renew_leases(uow, annotator_id=given.annotator.id, lease_ids=[given.lease_id])
        if before.state is not LeaseState.HELD:
            assert renewed == {}
        elif before.expires_at > self.now and has_place:
            assert renewed == {given.lease_id: self.now + timedelta(seconds=LEASE_SECONDS)}

    @precondition(lambda self: self.given)
    @rule(nth=NTH, answer=ANSWERS)
    def answer(self, nth: int, answer: str) -> None:
        given = self.one_of(nth)
        own = self.own_labels(given)
        skipped = self.lease(given.lease_id).state is LeaseState.SKIPPED
        try:
            with self.at_now(), self.crowd.work() as uow:
                label = submit_label(
                    uow,
                    annotator_id=given.annotator.id,
                    lease_id=given.lease_id,
                    answer=answer,
                    active_seconds=3.0,
                ).label
        except AlreadyAnswered:
            assert own
            return
        except Conflict:
            assert skipped
            return
        assert label.id in own or not own, "a second answer was taken"
        self.acknowledged.setdefault(label.id, answer)

    @precondition(lambda self: self.given)
    @rule(nth=NTH, leave=st.booleans(), reason=st.sampled_from(SkipReason))
    def give_back(self, nth: int, leave: bool, reason: SkipReason) -> None:
        given = self.one_of(nth)
        who = {"annotator_id": given.annotator.id, "lease_id": given.lease_id}
        before = self.lease(given.lease_id)
        try:
            with self.at_now(), self.crowd.work() as uow:
                if leave:
                    release_lease(uow, **who)
                else:
                    skip_lease(uow, **who, reason=reason)
        except Conflict:
            assert before.state is LeaseState.LABELLED

    @precondition(lambda self: self.acknowledged)
    @rule(nth=NTH, answer=ANSWERS)
    def change_an_answer(self, nth: int, answer: str) -> None:
        label = self.label(sorted(self.acknowledged)[nth % len(self.acknowledged)])
        author = self.author_of(label)
        try:
            with self.at_now(), self.crowd.work() as uow:
                after = revise_label(uow, author, label_id=label.id, answer=answer)
        except (Conflict, Gone):
            return
        if after.id != label.id:
            self.revised.add(label.id)
            self.acknowledged[after.id] = answer

    @rule(to=st.sampled_from([ProjectState.OPEN, ProjectState.PAUSED]))
    def open_or_pause(self, to: ProjectState) -> None:
        with self.at_now(), self.crowd.work() as uow:
            change_state(uow, self.crowd.team, project_id=self.project.id, state=to)

    @rule(nth=NTH, priority=st.sampled_from([-2, 0, 3]))
    def make_a_task_more_or_less_urgent(self, nth: int, priority: int) -> None:
        name = f"t{nth % self.n_tasks}"
        with self.at_now(), self.crowd.work() as uow:
            set_priorities(
                uow, self.crowd.team, project_id=self.project.id, priorities={name: priority}
            )

    @rule(nth=NTH)
    def ask_once_more_about_a_task(self, nth: int) -> None:
        task = self.task_called(f"t{nth % self.n_tasks}")
        try:
            with self.at_now(), self.crowd.work() as uow:
                ask_again(
                    uow,
                    self.crowd.team,
                    project_id=self.project.id,
                    external_ids=[task.external_id],
                )
        except InvalidInput:
            assert task.state is TaskState.OPEN

    @precondition(lambda self: self.acknowledged)
    @rule(nth=NTH, outcome=st.sampled_from([AppealState.UPHELD, AppealState.REJECTED]))
    def contest_how_a_check_was_judged(self, nth: int, outcome: AppealState) -> None:
        label_id = sorted(self.acknowledged)[nth % len(self.acknowledged)]
        author = self.author_of(self.label(label_id))
        try:
            with self.at_now(), self.crowd.work() as uow:
                appeal = open_appeal(uow, author, label_id=label_id, reason="Look once more.")
        except (NotFound, Conflict):
            return  # it was no check, or agreed with it, or was contested before
        # Whoever set the known answer does not judge it again: each appeal has its own decider.
        decider = self.crowd.person("Decider")
        with self.at_now(), self.crowd.work() as uow:
            decide_appeal(
                uow,
                decider,
                appeal_id=appeal.id,
                outcome=outcome,
                reason="Looked once more.",
                gold_after="no" if outcome is AppealState.UPHELD else None,
            )

    @invariant()
    def nothing_acknowledged_is_lost_or_altered(self) -> None:
        stored = {label.id: label for label in self.rows(Label)}
        assert set(self.acknowledged) <= set(stored)
        for label_id, answer in self.acknowledged.items():
            assert stored[label_id].answer == answer
            assert stored[label_id].is_current is (label_id not in self.revised)

    @invariant()
    def no_place_has_two_holders_and_none_that_is_taken_waits(self) -> None:
        taken: Counter[tuple[UUID, int | None]] = Counter()
        for label in self.rows(Label):
            if label.is_current and label.place_number is not None:
                taken[label.task_id, label.place_number] += 1
        assert set(taken.values()) <= {1}
        for place in self.rows(Place):
            held = place.leased_until is not None or place.label_id is not None
            assert not (held and place.rank is not None), "a held place waits in the queue"

    @invariant()
    def no_task_has_more_labels_than_its_ceiling(self) -> None:
        accepted = Counter(
            label.task_id
            for label in self.rows(Label)
            if label.is_current and label.fate is Fate.ACCEPTED
        )
        crowded = [task for task in self.tasks() if accepted[task.id] > self.ceiling_of(task)]
        assert crowded == []

    @invariant()
    def every_open_task_has_a_place_that_somebody_may_come_to(self) -> None:
        waiting = {
            place.task_id
            for place in self.rows(Place)
            if place.label_id is None and (place.rank is not None or place.lease_id is not None)
        }
        stuck = [task for task in self.tasks() if task.state is TaskState.OPEN]
        assert [task.external_id for task in stuck if task.id not in waiting] == []

    @invariant()
    def each_answer_is_paid_and_counted_once(self) -> None:
        answered = [lease.id for lease in self.leases() if lease.state is LeaseState.LABELLED]
        paid = Counter(earning.lease_id for earning in self.rows(Earning))
        assert paid == Counter(answered)
        given = Counter(label.annotator_id for label in self.rows(Label) if not label.supersedes_id)
        for record in self.rows(AnnotatorRecord):
            assert record.n_labels == given[record.annotator_id]
            checks = [one for one in self.first_answers(record.annotator_id) if self.is_check(one)]
            right = [one for one in checks if one.answer == self.task_of(one).gold_answer]
            assert (record.gold_seen, record.gold_right) == (len(checks), len(right))

    @invariant()
    def the_recount_finds_nothing(self) -> None:
        with self.crowd.read() as uow:
            found = counted_integrity(uow, project_id=self.project.id)
        assert set(vars(found).values()) == {0}, found

    def may_be_given(self, annotator: Actor) -> dict[UUID, int]:
        """Say in the plainest way which tasks have a place for somebody, with their priority."""
        closed = {
            lease.task_id
            for lease in self.leases()
            if lease.annotator_id == annotator.id
            and (
                lease.state in {LeaseState.LABELLED, LeaseState.SKIPPED}
                or (lease.state is LeaseState.HELD and lease.expires_at > self.now)
            )
        }
        free = {
            place.task_id
            for place in self.rows(Place)
            if place.label_id is None
            and (
                place.rank is not None
                or (place.leased_until is not None and place.leased_until <= self.now)
            )
        }
        by_id = {task.id: task for task in self.tasks() if task.external_id != GOLD}
        return {one: by_id[one].priority for one in (free - closed) & set(by_id)}

    def ceiling_of(self, task: Task) -> int:
        if task.external_id == GOLD:
            return PEOPLE  # everybody is checked with it
        audits = [
            place
            for place in self.rows(Place)
            if place.task_id == task.id and place.purpose is Purpose.AUDIT
        ]
        return CEILING + len(audits)

    def task_called(self, name: str) -> Task:
        return next(task for task in self.tasks() if task.external_id == name)

    def author_of(self, label: Label) -> Actor:
        return next(person for person in self.people if person.id == label.annotator_id)

    @property
    def is_paused(self) -> bool:
        return self.state is not ProjectState.OPEN

    @property
    def state(self) -> ProjectState:
        with self.crowd.read() as uow:
            return uow.session.get_one(type(self.project), self.project.id).state

    def held_by(self, annotator: Actor) -> int:
        held = [
            place
            for place in self.rows(Place)
            if place.annotator_id == annotator.id
            and place.label_id is None
            and place.leased_until is not None
            and place.leased_until > self.now
        ]
        return len(held)

    def one_of(self, nth: int) -> Given:
        return self.given[nth % len(self.given)]

    def own_labels(self, given: Given) -> set[UUID]:
        return {
            label.id
            for label in self.rows(Label)
            if label.task_id == given.task_id
            and label.annotator_id == given.annotator.id
            and label.origin is Origin.CROWD
        }

    def lease(self, lease_id: UUID) -> Lease:
        return next(lease for lease in self.leases() if lease.id == lease_id)

    def label(self, label_id: UUID) -> Label:
        return next(label for label in self.rows(Label) if label.id == label_id)

    def leases(self) -> Sequence[Lease]:
        return self.rows(Lease)

    def tasks(self) -> Sequence[Task]:
        return self.rows(Task)

    def first_answers(self, annotator_id: UUID) -> list[Label]:
        return [
            label
            for label in self.rows(Label)
            if label.annotator_id == annotator_id and label.supersedes_id is None
        ]

    def is_check(self, label: Label) -> bool:
        return self.task_of(label).external_id == GOLD

    def task_of(self, label: Label) -> Task:
        return next(task for task in self.tasks() if task.id == label.task_id)

    def rows(self, table: type) -> Sequence:
        """Return the project's rows, read once for each step."""
        if table not in self.seen:
            with self.crowd.read() as uow:
                mine = select(table).where(col(table.project_id) == self.project.id)
                self.seen[table] = uow.session.exec(mine).all()
        return self.seen[table]

    @contextmanager
    def at_now(self) -> Iterator[None]:
        """Do something at the machine's time; what was read before is stale after it."""
        try:
            with clock.moved_to(self.now):
                yield
        finally:
            self.seen.clear()


@contextmanager
def falling(chance: int) -> Iterator[None]:
    """Let Hypothesis draw what the secret coins show, so that a run can be repeated."""
    with patch.object(secrets, "randbelow", lambda below: chance % below):
        yield


@pytest.mark.parametrize("gold_share", [0.0, 0.3])
def test_whatever_happens_nothing_is_lost_doubled_or_stuck(
    engine: Engine, gold_share: float
) -> None:
    share = gold_share

    class Here(Labelling):
        crowd = Crowd(engine)
        gold_share = share

    run_state_machine_as_test(
        Here,
        settings=settings(
            # A failing run is short enough to read; to shrink it would take minutes.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            max_examples=8,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
