"""A person is erased: their texts, salts and key are gone, and everything still proves."""

import json
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from audit import commitments
from audit.actions import Action
from audit.disclosing import disclosed_fields
from audit.erasing import Traces
from audit.erasure import Erasure, LegalBasis, Refusal, erase
from audit.erasure_requests import (
    ask_for_erasure,
    last_request_of,
    open_requests,
    refuse_erasure,
)
from audit.forgotten_files import delete_forgotten_files
from audit.legal_holds import release_hold, set_hold
from audit.models import Disclosure, Entry, ErasedText, RecordClass, RequestState, SubjectKey
from audit.recording import Recorded, record
from audit.retention_rules import DEMANDS, Periods, set_periods
from audit.sealed_texts import DamagedSeal, SaltedText, new_key, seal, unseal
from audit.searching import receipt_of
from audit.subject_key_files import load_keys, write_keys
from audit.subject_keys import rewrap_keys
from audit.wrapping_keys import (
    WrappingKeys,
    add_wrapping_key,
    give_wrapping_keys,
    read_wrapping_keys,
    wrapping_keys_of,
)
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, InvalidInput, NotAllowed
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import UnitOfWork, reading, unit_of_work

from .conftest import ACTOR, Log

OFFICER = Actor(new_id(), "Officer")


def told(log: Log, person: UUID, text: str, action: Action = Action.LABEL_CONTESTED) -> Recorded:
    """Record a text of a person, who did nothing themselves."""
    with unit_of_work(log.engine) as uow:
        return record(
            uow,
            ACTOR,
            action,
            subject_type="label",
            subject_id=new_id(),
            facts={"answer": "yes"},
            personal={"reason": text, "place": "Rome"},
            personal_of=person,
        )


def erased(log: Log, person: UUID) -> Erasure:
    with unit_of_work(log.engine) as uow:
        return erase(
            uow,
            OFFICER,
            person_id=person,
            legal_basis=LegalBasis.CONSENT_WITHDRAWN,
            erasables=(),
            forget_file=lambda _digest: None,
        )


def last(log: Log, action: Action) -> dict[str, object]:
    with reading(log.engine) as uow:
        statement = select(Entry).where(Entry.action == action).order_by(col(Entry.id).desc())
        entry = uow.session.exec(statement).first()
    assert entry is not None
    return dict(json.loads(entry.envelope))


def rows(log: Log, table: type[Disclosure | SubjectKey | ErasedText]) -> int:
    with reading(log.engine) as uow:
        return int(uow.session.exec(select(sa.func.count()).select_from(table)).one())


def test_an_erased_person_leaves_neither_text_nor_key_and_a_sound_log(log: Log) -> None:
    ada, ben = new_id(), new_id()
    of_ada, of_ben = told(log, ada, "I was ill."), told(log, ben, "I was not.")
    log.seal()
    with reading(log.engine) as uow:
        before = receipt_of(uow, entry_id=of_ada.id)

    erasure = erased(log, ada)

    assert (erasure.n_texts, erasure.refusal) == (2, None)
    assert (rows(log, Disclosure), rows(log, SubjectKey), rows(log, ErasedText)) == (2, 1, 2)
    log.seal()
    assert log.verify().findings == ()
    with reading(log.engine) as uow:
        assert disclosed_fields(uow, of_ada.id) == {}
        assert disclosed_fields(uow, of_ben.id)["reason"].value == "I was not."
        after = receipt_of(uow, entry_id=of_ada.id)
    assert after["envelope"] == before["envelope"]
    assert after["disclosures"] == {}


def test_the_entry_of_an_erasure_counts_and_names_nobody(log: Log) -> None:
    ada = new_id()
    told(log, ada, "I was ill.")
    erased(log, ada)
    envelope = last(log, Action.PERSON_ERASED)
    assert envelope["facts"] == {
        "legal_basis": "consent_withdrawn",
        "n_texts": 2,
        "texts_digest": envelope["facts"]["texts_digest"],  # type: ignore[index]
        "n_keys": 1,
        "rows": {},
        "n_files": 0,
        "files": [],
    }
    assert str(ada) not in json.dumps(envelope)


def test_who_is_erased_can_be_spoken_of_again_under_a_new_key(log: Log) -> None:
    ada = new_id()
    told(log, ada, "I was ill.")
    erased(log, ada)
    again = told(log, ada, "I am back.")
    with reading(log.engine) as uow:
        assert disclosed_fields(uow, again.id)["reason"].value == "I am back."
    assert log.verify().is_sound


def test_there_is_nothing_to_erase_twice(log: Log) -> None:
    ada = new_id()
    told(log, ada, "I was ill.")
    erased(log, ada)
    with pytest.raises(InvalidInput):
        erased(log, ada)


def test_a_removal_dressed_up_as_an_erasure_is_found(log: Log) -> None:
    ada, ben = new_id(), new_id()
    told(log, ada, "I was ill.")
    hidden = told(log, ben, "They paid me.")
    erasure = erased(log, ada)
    log.seal()
    with unit_of_work(log.engine) as uow:
        theirs = col(Disclosure.entry_id) == hidden.id
        uow.session.exec(sa.delete(Disclosure).where(theirs))
        assert erasure.entry_id is not None
        for field in ("reason", "place"):
            uow.session.add(
                ErasedText(entry_id=hidden.id, field=field, erasure_id=erasure.entry_id)
            )
    sentences = " ".join(finding.sentence for finding in log.verify().findings)
    assert "What was erased is not what this entry says." in sentences
    assert "is gone, and no erasure says so" in sentences


def test_a_legal_hold_stops_an_erasure_and_the_refusal_is_recorded(log: Log) -> None:
    ada = new_id()
    told(log, ada, "I was ill.")
    with unit_of_work(log.engine) as uow:
        hold = set_hold(uow, OFFICER, reason="Case 7 O 12/26", person_id=ada)

    assert erased(log, ada).refusal is Refusal.LEGAL_HOLD
    assert last(log, Action.ERASURE_REFUSED)["facts"] == {
        "refusal": "legal_hold",
        "legal_basis": "consent_withdrawn",
        "n_texts": 3,  # the reason of the hold speaks of the person too
    }
    with unit_of_work(log.engine) as uow:
        release_hold(uow, OFFICER, hold_id=hold.id)
    assert erased(log, ada).n_texts == 3
    assert log.verify().is_sound


def test_a_law_that_asks_to_keep_a_text_stops_an_erasure_until_its_date(log: Log) -> None:
    ada = new_id()
    told(log, ada, "Declined: income.", Action.REVIEW_OVERRIDDEN)
    with unit_of_work(log.engine) as uow:
        credit = [DEMANDS["us-credit"]]
        chosen = set_periods(
            uow,
            OFFICER,
            record_class=RecordClass.DECISIONS,
            periods=Periods(200, 30),
            demands=credit,
        )
    assert chosen == Periods(entry_days=763, text_days=763, text_minimum_days=763)
    assert erased(log, ada).refusal is Refusal.RETENTION_MINIMUM
    assert rows(log, Disclosure) == 2


def test_a_reviewer_stays_accountable_and_all_else_of_them_goes(log: Log) -> None:
    reviewer = Actor(new_id(), "Rae")
    with unit_of_work(log.engine) as uow:
        made = record(
            uow,
            ACTOR,
            Action.ACCOUNT_CREATED,
            subject_type="account",
            subject_id=reviewer.id,
            facts={},
            personal={"display_name": "Rae Review"},
        )
        record(
            uow,
            reviewer,
            Action.REVIEW_OVERRIDDEN,
            subject_type="decision",
            subject_id=new_id(),
            facts={},
            personal={"reason_text": "Wrong."},
        )
        old_key = uow.session.get_one(SubjectKey, reviewer.id).wrapped
    told(log, reviewer.id, "I was ill.")

    erasure = erased(log, reviewer.id)

    assert (erasure.n_texts, erasure.refusal) == (2, Refusal.ACCOUNTABILITY)
    with reading(log.engine) as uow:
        assert disclosed_fields(uow, made.id)["display_name"].value == "Rae Review"
        # What stays has a new key: the old one opens every backup of what went.
        assert uow.session.get_one(SubjectKey, reviewer.id).wrapped != old_key
    assert log.verify().is_sound


def test_a_receipt_discloses_what_was_chosen_and_the_rest_is_proven_all_the_same(log: Log) -> None:
    entry = told(log, new_id(), "I was ill.")
    log.seal()
    with reading(log.engine) as uow:
        whole = receipt_of(uow, entry_id=entry.id)
        part = receipt_of(uow, entry_id=entry.id, fields=["place"])
        none = receipt_of(uow, entry_id=entry.id, fields=[])
        with pytest.raises(InvalidInput, match="no personal field 'age'"):
            receipt_of(uow, entry_id=entry.id, fields=["age"])
    assert set(whole["disclosures"]) == {"reason", "place"}  # type: ignore[arg-type]
    assert none["disclosures"] == {}
    assert whole["envelope"] == part["envelope"] == none["envelope"]
    (shown,) = part["disclosures"].items()  # type: ignore[union-attr]
    committed = json.loads(str(part["envelope"]))["commitments"]
    assert shown[0] == "place"
    commitments.verify(
        committed["place"], value=shown[1]["value"], salt=bytes.fromhex(shown[1]["salt"])
    )


def test_a_sealed_text_opens_only_with_its_key_in_its_place() -> None:
    key, entry_id = new_key(), new_id()
    text = SaltedText("Zoë \x80", commitments.new_salt())
    sealed = seal(text, key=key, entry_id=entry_id, field="reason")
    assert unseal(sealed, key=key, entry_id=entry_id, field="reason") == text
    for wrong in (
        {"key": new_key(), "entry_id": entry_id, "field": "reason"},
        {"key": key, "entry_id": new_id(), "field": "reason"},
        {"key": key, "entry_id": entry_id, "field": "place"},
    ):
        with pytest.raises(DamagedSeal):
            unseal(sealed, **wrong)  # type: ignore[arg-type]
    other = seal(SaltedText("no", text.salt), key=key, entry_id=entry_id, field="reason")
    assert len(other) == len(sealed)


def test_an_old_backup_opens_only_for_those_who_were_not_erased_since(
    log: Log, tmp_path: Path
) -> None:
    ada, ben = new_id(), new_id()
    entries = {who: told(log, who, "I was ill.") for who in (ada, ben)}
    with reading(log.engine) as uow:
        backup = [one.model_dump() for one in uow.session.exec(select(Disclosure))]
    erased(log, ada)
    with reading(log.engine) as uow:
        assert write_keys(uow, tmp_path / "keys") == 1

    with unit_of_work(log.engine) as uow:  # the texts come back, the table of keys does not
        uow.session.exec(sa.delete(SubjectKey))
        uow.session.exec(sa.delete(Disclosure))
        uow.session.add_all(Disclosure(**one) for one in backup)
        uow.session.flush()
        assert load_keys(uow, tmp_path / "keys") == 1
    with reading(log.engine) as uow:
        assert disclosed_fields(uow, entries[ben].id)["reason"].value == "I was ill."
        assert disclosed_fields(uow, entries[ada].id) == {}


def test_an_older_wrapping_key_can_go_once_everything_is_wrapped_anew(
    log: Log, tmp_path: Path
) -> None:
    path = tmp_path / "wrapping-key.txt"
    add_wrapping_key(path)
    given = wrapping_keys_of(log.engine)
    try:
        give_wrapping_keys(log.engine, read_wrapping_keys(path))
        entry = told(log, new_id(), "I was ill.")
        newest = add_wrapping_key(path)
        give_wrapping_keys(log.engine, read_wrapping_keys(path))
        with unit_of_work(log.engine) as uow:
            assert rewrap_keys(uow) == 1
            assert rewrap_keys(uow) == 0
        path.write_text(path.read_text().splitlines()[0])
        alone = read_wrapping_keys(path)
        assert alone.newest == newest
        give_wrapping_keys(log.engine, alone)
        with reading(log.engine) as uow:
            assert disclosed_fields(uow, entry.id)["reason"].value == "I was ill."
        assert log.verify().is_sound
    finally:
        give_wrapping_keys(log.engine, given or WrappingKeys(new_key()))


class HasFiles:
    """A domain that keeps one stored file of everybody."""

    tables: frozenset[str] = frozenset()

    def traces(self, _uow: UnitOfWork, people: frozenset[UUID]) -> Traces:
        return Traces(people, files=frozenset({"digest"}))

    def erase(self, *_given: object, **_named: object) -> dict[str, int]:
        return {}

    def expire(self, *_given: object) -> dict[str, int]:
        return {}


@pytest.mark.parametrize("failure", [OSError("the disk is gone"), KeyboardInterrupt()])
def test_a_file_that_could_not_be_deleted_after_the_commit_is_deleted_later(
    log: Log, failure: BaseException
) -> None:
    person, deleted = new_id(), []
    told(log, person, "Maria moved away")

    def fail(_digest: str) -> None:
        raise failure

    with suppress(KeyboardInterrupt), unit_of_work(log.engine) as uow:
        erase(
            uow,
            OFFICER,
            person_id=person,
            legal_basis=LegalBasis.OBJECTION,
            erasables=[HasFiles()],
            forget_file=fail,
        )
    assert last(log, Action.PERSON_ERASED)["facts"]["n_files"] == 1

    assert delete_forgotten_files(log.engine, forget_file=deleted.append) == 1
    assert delete_forgotten_files(log.engine, forget_file=deleted.append) == 0
    assert deleted == ["digest"]


def test_who_asks_to_be_erased_waits_for_somebody_else_and_reads_why_not(log: Log) -> None:
    person = Actor(new_id(), "Ann")
    with unit_of_work(log.engine) as uow:
        asked = ask_for_erasure(uow, person)
    with unit_of_work(log.engine) as uow, pytest.raises(Conflict):
        ask_for_erasure(uow, person)
    with unit_of_work(log.engine) as uow, pytest.raises(NotAllowed):
        refuse_erasure(uow, person, request_id=asked.id, reason="no")
    with unit_of_work(log.engine) as uow:
        refuse_erasure(uow, OFFICER, request_id=asked.id, reason="The books must be kept.")
    with reading(log.engine) as uow:
        said = last_request_of(uow, person_id=person.id)
        assert said is not None
        assert (said.state, said.reason) == (RequestState.REFUSED, "The books must be kept.")
        assert open_requests(uow) == []
    entry = last(log, Action.ERASURE_REQUEST_REFUSED)
    assert "books" not in json.dumps(entry)
    erased(log, person.id)
    with reading(log.engine) as uow:
        gone = last_request_of(uow, person_id=person.id)
        assert gone is not None
        assert gone.reason == "(erased)"
