"""Whatever people write in their own words is never in a leaf, and can be erased everywhere."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from audit.actions import Action
from audit.erasure import LegalBasis, erase
from audit.models import Entry
from audit.reconciling import reconcile
from audit.retention import apply_retention
from crowd.appeal_decisions import decide_appeal
from crowd.appeals import open_appeal
from crowd.asking_again import ask_again
from crowd.claims import CROWD_CLAIMS
from crowd.erasing import CrowdForgets
from crowd.expert_labels import add_expert_label
from crowd.importing import TaskRow
from crowd.models import Appeal, AppealState, Label, Pattern, Project, SuspicionState, WatchAction
from crowd.outcomes import OutcomeRow, import_outcomes
from crowd.prioritising import set_priorities
from crowd.revising import revise_label
from crowd.settling import object_to_suspicion, settle_suspicion
from crowd.suspicions import raise_suspicion
from folkmoot.kernel import clock

from .conftest import Crowd

MARK = "Maria Rossi of Bari"
QUESTION = {"question": "Why?", "min_length": 1, "max_length": 300, "multiline": False}


@pytest.fixture
def project(moot: Crowd, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project of texts in which every text that its people wrote has the mark in it."""
    monkeypatch.setattr("crowd.leasing.secrets.randbelow", lambda _sides: 0)
    project = moot.project(task_type="text", answer_schema=QUESTION, gold_share=0.5)
    gold = TaskRow(external_id=f"gold {MARK}", payload={"who": MARK}, gold=f"gold: {MARK}")
    moot.tasks(project, gold, f"ordinary {MARK}", f"other {MARK}")
    _answered_and_contested(moot, project)
    _told_by_the_team(moot, project)
    return project


def _answered_and_contested(moot: Crowd, project: Project) -> None:
    ann, ben, officer = moot.person(), moot.person(), moot.person()
    label = moot.answer(project, ann, f"first: {MARK}").label
    with moot.work() as uow:
        revise_label(uow, ann, label_id=label.id, answer=f"second: {MARK}")
        contested = open_appeal(uow, ann, label_id=label.id, reason=f"not so: {MARK}")
    with moot.work() as uow:
        decide_appeal(
            uow,
            officer,
            appeal_id=contested.id,
            outcome=AppealState.UPHELD,
            reason=f"indeed: {MARK}",
            gold_after=f"better: {MARK}",
        )
    moot.answer(project, ben, f"alone: {MARK}")
    with moot.work() as uow:
        raised = raise_suspicion(
            uow,
            project_id=project.id,
            annotator_id=ben.id,
            pattern=Pattern.TOO_FAST,
            action=WatchAction.WARN,
            evidence={"run": 10, "seconds": 1.0},
        )
    assert raised is not None
    with moot.work() as uow:
        object_to_suspicion(uow, ben, suspicion_id=raised.suspicion_id, objection=f"no: {MARK}")
    with moot.work() as uow:
        settle_suspicion(
            uow,
            officer,
            suspicion_id=raised.suspicion_id,
            outcome=SuspicionState.CLEARED,
            note=f"so: {MARK}",
        )


def _told_by_the_team(moot: Crowd, project: Project) -> None:
    name = f"other {MARK}"
    with moot.work() as uow:
        for words in ("says", "says again"):
            add_expert_label(
                uow,
                moot.team,
                project_id=project.id,
                external_id=name,
                payload={"who": MARK},
                answer=f"{words}: {MARK}",
            )
        set_priorities(uow, moot.team, project_id=project.id, priorities={name: 5})
        ask_again(uow, moot.team, project_id=project.id, external_ids=[name])
        true = OutcomeRow(external_id=name, answer=f"true: {MARK}")
        import_outcomes(uow, moot.team, project_id=project.id, rows=[true], source=f"by {MARK}")


def envelopes(moot: Crowd) -> Iterator[bytes]:
    with moot.read() as uow:
        yield from uow.session.exec(select(Entry.envelope))


def disagreements(moot: Crowd) -> list[str]:
    with moot.read() as uow:
        found = list(reconcile(uow, CROWD_CLAIMS))
    return [finding.sentence for one in found for finding in one.findings]


def test_no_word_of_anybody_is_in_a_leaf(moot: Crowd, project: Project) -> None:
    told = {json.loads(one)["action"] for one in envelopes(moot)}
    assert told >= {
        Action.LABEL_REVISED,
        Action.LABEL_CONTESTED,
        Action.APPEAL_DECIDED,
        Action.GOLD_CHANGED,
        Action.SUSPICION_OBJECTED,
        Action.SUSPICION_SETTLED,
        Action.EXPERT_LABEL_ADDED,
        Action.TASKS_PRIORITISED,
        Action.TASKS_ASKED_AGAIN,
        Action.OUTCOMES_IMPORTED,
    }
    assert [one for one in envelopes(moot) if b"Maria" in one] == []
    assert disagreements(moot) == []


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE label SET answer = '\"mine\"' WHERE origin = 'review'", "the answer of the label"),
        (
            "UPDATE label SET answer = '\"mine\"' WHERE supersedes_id IS NOT NULL",
            "the after of the label",
        ),
        (
            "UPDATE task SET gold_answer = '\"mine\"'",
            "the after of the task",
        ),
        ("UPDATE appeal SET gold_before = '\"mine\"'", "the checked_answer of the label"),
        ("UPDATE label SET answer = '\"(erased)\"'", "the answer of the label"),
    ],
)
def test_words_that_were_changed_behind_the_logs_back_are_named(
    moot: Crowd, project: Project, statement: str, sentence: str
) -> None:
    with moot.engine.begin() as connection:
        assert connection.execute(sa.text(statement)).rowcount
    found = disagreements(moot)
    assert any(sentence in said for said in found), found


def test_who_is_erased_is_in_no_text_of_their_task_and_everything_agrees(
    moot: Crowd, project: Project
) -> None:
    for name in (f"gold {MARK}", f"ordinary {MARK}", f"other {MARK}"):
        person = moot.read_task(project, name).id
        with moot.work() as uow:
            erase(
                uow,
                moot.team,
                person_id=person,
                legal_basis=LegalBasis.OBJECTION,
                erasables=[CrowdForgets()],
                forget_file=lambda _digest: None,
            )
    assert disagreements(moot) == []
    with moot.read() as uow:
        answers = uow.session.exec(select(Label.answer)).all()
        contested = uow.session.exec(select(Appeal)).one()
        assert set(answers) == {"(erased)"}
        assert (contested.gold_before, contested.gold_after) == ("(erased)", "(erased)")
        # Why they contested it is the annotator's own, and goes with them.
        assert contested.reason == f"not so: {MARK}"


def test_words_go_on_their_date_and_a_known_answer_stays_in_use(
    moot: Crowd, project: Project
) -> None:
    with moot.work() as uow:
        for index, entry in enumerate(uow.session.exec(select(Entry).order_by(col(Entry.id)))):
            entry.leaf_index = index
    with clock.moved_to(clock.now() + timedelta(days=3 * 366)):
        while True:
            with moot.work() as uow:
                if apply_retention(uow, erasables=[CrowdForgets()], at_once=3) is None:
                    break
    assert disagreements(moot) == []
    gold = moot.read_task(project, f"gold {MARK}")
    assert gold.gold_answer == f"better: {MARK}"
    with moot.read() as uow:
        left = [one for one in uow.session.exec(select(Label.answer)) if one != "(erased)"]
    assert left == [f"alone: {MARK}"]
