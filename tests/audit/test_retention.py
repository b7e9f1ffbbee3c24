"""Everything goes on its date and not before, unless a legal hold stands; the rest proves."""

from datetime import timedelta
from threading import Thread
from uuid import UUID

import pytest

from audit.actions import Action
from audit.erasing import Erasable, Traces
from audit.legal_holds import hold_of, release_hold, set_hold, standing_holds
from audit.models import Entry, RecordClass
from audit.recording import Recorded, record
from audit.retention import Due, apply_retention, due_now
from audit.retention_rules import DEMANDS, Demand, Periods, class_of, combined, set_periods
from audit.searching import entry_detail, receipt_of
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Gone, InvalidInput
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import UnitOfWork, reading, unit_of_work

from .conftest import Log

OFFICER = Actor(new_id(), "Officer")
REVIEWER = Actor(new_id(), "Rae")


@pytest.fixture
def decided(log: Log) -> list[Recorded]:
    """Three reviews of one day, with their reasons; entries for 200 days, texts for 30."""
    with unit_of_work(log.engine) as uow:
        set_periods(uow, OFFICER, record_class=RecordClass.DECISIONS, periods=Periods(200, 30))
        made = [
            record(
                uow,
                REVIEWER,
                Action.REVIEW_OVERRIDDEN,
                subject_type="decision",
                subject_id=new_id(),
                project_id=new_id(),
                facts={"after": "no"},
                personal={"reason_text": f"reason {n}"},
            )
            for n in range(3)
        ]
    log.seal()
    return made


class OneCase:
    """A domain that knows one person by several ids."""

    tables: frozenset[str] = frozenset()

    def __init__(self, *ids: UUID) -> None:
        self.ids = frozenset(ids)

    def traces(self, _uow: UnitOfWork, people: frozenset[UUID]) -> Traces:
        return Traces(self.ids if people & self.ids else frozenset())

    def erase(self, *_: object, keeps_identity: bool) -> dict[str, int]:
        raise NotImplementedError

    def expire(self, *_: object) -> dict[str, int]:
        return {}


def run(log: Log, *erasables: Erasable) -> list[Due]:
    """Erase all that is due, batch by batch."""
    applied = []
    while True:
        with unit_of_work(log.engine) as uow:
            one = apply_retention(uow, erasables=erasables)
        if one is None:
            log.seal()
            return applied
        applied.append(one)


def test_texts_go_on_their_date_and_entries_on_theirs(log: Log, decided: list[Recorded]) -> None:
    began = clock.now()
    with clock.moved_to(began + timedelta(days=29)):
        assert run(log) == []
    with clock.moved_to(began + timedelta(days=31)):
        assert run(log) == [Due(RecordClass.DECISIONS, 3, 0)]
        assert log.verify().findings == ()
    with clock.moved_to(began + timedelta(days=199)):
        assert run(log) == []
    with clock.moved_to(began + timedelta(days=201)):
        with reading(log.engine) as uow:
            due = {one.record_class: one.n_entries for one in due_now(uow)}
        assert due[RecordClass.DECISIONS] == 3
        assert run(log) == [Due(RecordClass.DECISIONS, 0, 3)]
        assert log.verify().findings == ()
        assert run(log) == []


def test_an_entry_whose_time_is_over_keeps_its_place_and_says_so(
    log: Log, decided: list[Recorded]
) -> None:
    with clock.moved_to(clock.now() + timedelta(days=201)):
        run(log)
    with reading(log.engine) as uow:
        entry = uow.session.get_one(Entry, decided[1].id)
        assert (entry.envelope, entry.leaf_hash) == (b"", decided[1].leaf_hash)
        assert entry.leaf_index is not None
        assert entry_detail(uow, entry_id=entry.id).facts == {}
        with pytest.raises(Gone):
            receipt_of(uow, entry_id=entry.id)


def test_an_envelope_that_goes_missing_without_a_retention_is_found(
    log: Log, decided: list[Recorded]
) -> None:
    log.tamper("UPDATE audit_entry SET envelope = :nothing WHERE leaf_index = 2", nothing=b"")
    assert {finding.leaf_index for finding in log.verify().findings} == {2}


@pytest.mark.parametrize("of", ["person", "project", "everything"])
def test_a_legal_hold_stops_what_it_covers(log: Log, decided: list[Recorded], of: str) -> None:
    held = decided[0]
    scope = {"person": {"person_id": held.subject_id}, "project": {"project_id": held.project_id}}
    with unit_of_work(log.engine) as uow:
        hold = set_hold(uow, OFFICER, reason="Case 7 O 12/26", **scope.get(of, {}))
    left = 0 if of == "everything" else 2
    with clock.moved_to(clock.now() + timedelta(days=201)):
        assert sum(one.n_entries for one in run(log)) == left
        with unit_of_work(log.engine) as uow:
            release_hold(uow, OFFICER, hold_id=hold.id)
        assert sum(one.n_entries for one in run(log)) == 3 - left
        assert log.verify().findings == ()


def test_a_hold_of_a_person_covers_every_id_that_they_are_known_by(
    log: Log, decided: list[Recorded]
) -> None:
    person = OneCase(*(one.subject_id for one in decided[:2]))
    with unit_of_work(log.engine) as uow:
        set_hold(uow, OFFICER, reason="Case 7 O 12/26", person_id=decided[0].subject_id)
    with clock.moved_to(clock.now() + timedelta(days=201)):
        with reading(log.engine) as uow:
            due = {one.record_class: one.n_texts for one in due_now(uow, erasables=[person])}
        assert due[RecordClass.DECISIONS] == 1
        assert [(one.n_texts, one.n_entries) for one in run(log, person)] == [(1, 0), (0, 1)]


def test_a_hold_of_whoever_decided_keeps_what_they_wrote(log: Log, decided: list[Recorded]) -> None:
    with unit_of_work(log.engine) as uow:
        set_hold(uow, OFFICER, reason="Case 7 O 12/26", person_id=REVIEWER.id)
    with clock.moved_to(clock.now() + timedelta(days=201)):
        assert run(log) == []


@pytest.mark.parametrize("asks", ["erasure", "retention"])
def test_nobody_is_told_of_a_hold_while_somebody_erases_without_it(log: Log, asks: str) -> None:
    person_id = new_id()

    def hold() -> None:
        with unit_of_work(log.engine) as uow:
            set_hold(uow, OFFICER, reason="Case 7 O 12/26", person_id=person_id)

    holding = Thread(target=hold)
    with unit_of_work(log.engine) as uow:
        if asks == "erasure":
            assert hold_of(uow, Traces(frozenset({person_id}))) is None
        else:
            assert apply_retention(uow, erasables=()) is None
        holding.start()
        holding.join(0.5)
        assert holding.is_alive()
    holding.join(10)
    with reading(log.engine) as uow:
        assert [one.person_id for one in standing_holds(uow)] == [person_id]


def test_what_a_backup_lost_is_known_as_long_as_the_log() -> None:
    assert class_of(Action.BACKUP_RESTORED) is RecordClass.THE_LOG


def test_the_longest_minimum_wins_for_the_entry_and_the_shortest_maximum_for_the_text() -> None:
    wish = Periods(entry_days=10, text_days=3000)
    laws = [DEMANDS["ai-act"], DEMANDS["us-credit"], DEMANDS["california-ads"]]
    assert combined(wish, laws) == Periods(1464, 1464, 763)
    short = Demand(RecordClass.DECISIONS, "Works agreement", text_maximum_days=90)
    assert combined(wish, [*laws, short]) == Periods(1464, 90, 90)
    assert combined(wish, []).entry_days == 183


def test_what_explains_the_log_is_kept_as_long_as_the_log(log: Log) -> None:
    assert class_of(Action.PERSON_ERASED) is RecordClass.THE_LOG
    with unit_of_work(log.engine) as uow, pytest.raises(InvalidInput):
        set_periods(uow, OFFICER, record_class=RecordClass.THE_LOG, periods=Periods(200, 200))
