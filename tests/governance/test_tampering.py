"""What somebody with the database, and without the key, can do; and what the check says of it."""

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from audit.keys import LogKey
from audit.sealing import seal_log
from audit.signing_keys import SigningKey
from audit.verification import Verdict, verify_log
from folkmoot.kernel.db import make_engine
from governance.claims import DecisionClaims, ReviewClaims
from governance.models import Act, ReasonCode
from governance.policies import PolicyDraft
from governance.review import review_decision

KEY = LogKey("log.example.org", SigningKey.generate("log.example.org"))


@pytest.fixture
def engine(tmp_path):
    """SQLite alone: it lets any value into any column, which is the harder case."""
    engine = make_engine(f"sqlite:///{tmp_path / 'tampered.sqlite'}")
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def reviewed(court):
    """A court with a released decision, a confirmed and an overridden one, sealed in two parts."""
    model = court.active_model()
    seal(court)
    court.policy(PolicyDraft(hold_below=0.5))
    court.decide(model, court.patients[300:301])
    court.policy(PolicyDraft(hold_below=1))
    court.decide(model, court.patients[301:303])
    _, second, third = court.decisions()
    _review(court, second, Act.CONFIRM)
    _review(court, third, Act.OVERRIDE, {"yes": "no", "no": "yes"}[third.proposed])
    seal(court)
    return court


def _review(court, decision, act, answer=None) -> None:
    view = court.show(decision.id).view
    with court.work() as uow:
        review_decision(
            uow,
            court.reviewer,
            decision_id=decision.id,
            case_view_id=view.id,
            act=act,
            answer=answer,
            reason_text="The blood pressure was noted wrongly.",
            reason_codes=[] if act is Act.CONFIRM else [ReasonCode.DATA_ERROR],
        )


def seal(court) -> None:
    with court.work() as uow:
        seal_log(uow, KEY)


def check(court) -> Verdict:
    with court.read() as uow:
        return verify_log(uow, verifier=KEY.verifier, claims=[ReviewClaims(), DecisionClaims()])


def tamper(court, *statements: str) -> None:
    """Do what the owner of the database can do, foreign keys or not."""
    with court.engine.connect() as connection:
        driver = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        changed = [driver.execute(one).rowcount for one in statements]
        driver.execute("PRAGMA foreign_keys=ON")
    assert all(changed), "the tampering changed nothing"


def entry_of(court, action: str):
    statement = sa.text("SELECT id, leaf_index FROM audit_entry WHERE action = :a")
    with court.engine.connect() as connection:
        return connection.execute(statement, {"a": action}).one()


def named(verdict: Verdict) -> set[int | None]:
    return {finding.leaf_index for finding in verdict.findings}


def test_what_nobody_touched_is_sound(reviewed) -> None:
    verdict = check(reviewed)
    assert verdict.findings == ()
    assert verdict.claims == 5


def test_a_deleted_review_is_named_by_its_entry(reviewed) -> None:
    tamper(reviewed, "DELETE FROM review WHERE act = 'override'")
    (finding,) = check(reviewed).findings
    assert finding.leaf_index == entry_of(reviewed, "review.overridden").leaf_index
    assert "deleted" in finding.sentence


def test_deleted_decisions_are_named_by_their_entries(reviewed) -> None:
    tamper(reviewed, "DELETE FROM review", "DELETE FROM case_view", "DELETE FROM decision")
    assert len(check(reviewed).findings) == 5


@pytest.mark.parametrize("table", ["case_view", "decision"])
def test_a_review_whose_ground_was_deleted_is_found(reviewed, table) -> None:
    tamper(reviewed, f"DELETE FROM {table}")
    sentences = [finding.sentence for finding in check(reviewed).findings]
    assert sum("the review" in one and "was deleted" in one for one in sentences) == 2


@pytest.mark.parametrize(
    "edit",
    [
        "outcome = proposed",
        "outcome = NULL",
        "state = 'confirmed'",
        "settled_at = NULL",
        "settled_at = '2020-01-01 00:00:00.000000'",
    ],
)
def test_an_outcome_that_is_not_the_logs_names_the_last_entry(reviewed, edit) -> None:
    tamper(reviewed, f"UPDATE decision SET {edit} WHERE state = 'overridden'")
    (finding,) = check(reviewed).findings
    assert finding.leaf_index == entry_of(reviewed, "review.overridden").leaf_index


def test_a_released_outcome_that_was_edited_names_its_entry(reviewed) -> None:
    tamper(reviewed, "UPDATE decision SET outcome = '\"x\"' WHERE state = 'released'")
    assert named(check(reviewed)) == {entry_of(reviewed, "decision.released").leaf_index}


def test_the_time_of_a_review_is_part_of_its_entry(reviewed) -> None:
    when = "'2020-01-01 00:00:00.000000'"
    tamper(reviewed, f"UPDATE review SET decided_at = {when} WHERE act = 'override'")
    assert named(check(reviewed)) == {entry_of(reviewed, "review.overridden").leaf_index}


DAMAGE = [
    "UPDATE review SET act = 'bogus' WHERE act = 'override'",
    "UPDATE review SET id = 'zz' WHERE act = 'override'",
    "UPDATE review SET reviewer_id = 'zz' WHERE act = 'override'",
    "UPDATE review SET decided_at = 'zz' WHERE act = 'override'",
    "UPDATE review SET reason_codes = '5' WHERE act = 'override'",
    "UPDATE review SET reason_codes = '{' WHERE act = 'override'",
    "UPDATE review SET seconds = 'zz' WHERE act = 'override'",
    "UPDATE review SET reason_text = CAST(x'ff' AS TEXT) WHERE act = 'override'",
    "UPDATE case_view SET shown_digest = x'00'",
    "UPDATE decision SET state = 'bogus' WHERE state = 'overridden'",
    "UPDATE decision SET payload = 'NaN'",
    "UPDATE decision SET payload = '{'",
    "UPDATE decision SET probability = 'zz'",
    "UPDATE decision SET audit_entry_id = 'zz' WHERE state = 'overridden'",
    "UPDATE audit_entry SET envelope = x'7b' WHERE action = 'review.overridden'",
    "UPDATE audit_entry SET envelope = x'5b5d' WHERE action = 'review.overridden'",
    "UPDATE audit_entry SET envelope = x'ff' WHERE action = 'review.overridden'",
    "UPDATE audit_entry SET envelope = 'abc' WHERE action = 'review.overridden'",
    "UPDATE audit_entry SET action = 'bogus' WHERE action = 'review.overridden'",
    "UPDATE audit_entry SET subject_id = 'zz' WHERE action = 'review.overridden'",
    "UPDATE audit_entry SET recorded_at = 'zz' WHERE action = 'review.overridden'",
    "UPDATE audit_entry SET id = 'zz' WHERE action = 'review.overridden'",
    "UPDATE audit_entry SET actor_id = 'zz' WHERE action = 'review.overridden'",
    "UPDATE audit_entry SET actor_sequence = 'zz' WHERE action = 'review.overridden'",
    "UPDATE audit_entry SET leaf_hash = 'zz' WHERE action = 'review.overridden'",
    "UPDATE audit_entry SET leaf_index = 'zz' WHERE action = 'review.overridden'",
    "UPDATE audit_entry SET leaf_index = -7 WHERE action = 'review.overridden'",
    "UPDATE audit_disclosure SET sealed = 'zz'",
    "UPDATE audit_disclosure SET sealed = 5",
    "UPDATE audit_subject_key SET wrapped = x'00'",
    "UPDATE audit_subject_key SET wrapped_by = x'00'",
    "DELETE FROM audit_subject_key",
    "UPDATE audit_disclosure SET field = x'00' WHERE field = 'reason_text'",
    "UPDATE audit_actor_counter SET last_sequence = 'zz'",
    "UPDATE audit_log_head SET frontier = '{'",
    "UPDATE audit_log_head SET frontier = '[]'",
    "UPDATE audit_log_head SET size = 'zz'",
    "UPDATE audit_checkpoint SET note = x'00'",
    "UPDATE audit_checkpoint SET note = ''",
    "DROP TABLE audit_disclosure",
    "DROP TABLE audit_subject_key",
]


def test_whatever_is_damaged_is_a_finding_and_never_a_crash(reviewed, tmp_path) -> None:
    source = reviewed.engine.url.database
    quiet = []
    for number, damage in enumerate(DAMAGE):
        copy = tmp_path / f"copy-{number}.sqlite"
        with reviewed.engine.connect() as connection:
            connection.connection.driver_connection.execute(f"VACUUM INTO '{copy}'")
        reviewed.engine = make_engine(f"sqlite:///{copy}")
        tamper(reviewed, damage)
        if check(reviewed).is_sound:
            quiet.append(damage)
        reviewed.engine.dispose()
        reviewed.engine = make_engine(f"sqlite:///{source}")
    assert quiet == []


def test_a_deleted_entry_is_one_gap_and_no_cascade(reviewed) -> None:
    tamper(
        reviewed,
        "DELETE FROM audit_disclosure WHERE entry_id IN "
        "(SELECT id FROM audit_entry WHERE action = 'review.confirmed')",
        "DELETE FROM audit_entry WHERE action = 'review.confirmed'",
    )
    sentences = sorted(finding.sentence for finding in check(reviewed).findings)
    assert len([one for one in sentences if one.startswith("Entry ")]) == 1
    # The gap, the actor's counter, the review without an entry, and its decision's outcome.
    assert len(sentences) == 4
