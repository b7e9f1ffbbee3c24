import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlmodel import select

from audit.actions import Action
from audit.models import Entry
from crowd.importing import TaskRow
from crowd.models import AnnotatorRecord, Pattern, Standing, Suspicion
from crowd.tallies import Tally
from crowd.task_types import task_type_of
from crowd.watching import (
    DEFAULT_RULES,
    WatchRules,
    act_on,
    new_patterns,
    patterns_in,
    watch_rules,
)

RULES = WatchRules.model_validate(
    {
        "too_fast": {"seconds": 2, "run": 3, "action": "warn"},
        "constant": {"run": 10, "action": "review"},
        "failing_gold": {"of_last": 5, "at_least_share": 0.6, "action": "pause"},
    }
)


@pytest.mark.parametrize(
    ("tally", "expected"),
    [
        (Tally(), ()),
        (Tally(fast_run=2), ()),
        (Tally(fast_run=3), (Pattern.TOO_FAST,)),
        (Tally(fast_run=4), ()),
        (Tally(fast_run=6), (Pattern.TOO_FAST,)),
        (Tally(same_run=10), (Pattern.CONSTANT,)),
        (Tally(recent_gold="0000"), ()),
        (Tally(recent_gold="000011100"), ()),
        (Tally(recent_gold="11111100010"), (Pattern.FAILING_GOLD,)),
    ],
)
def test_a_pattern_is_there_when_its_rule_says_so(tally, expected):
    assert patterns_in(tally, RULES) == expected


def test_a_pattern_that_was_there_before_is_not_new():
    before, after = Tally(recent_gold="00001"), Tally(recent_gold="000010")
    assert new_patterns(before, after, RULES) == ()
    assert new_patterns(Tally(recent_gold="0000"), before, RULES) == (Pattern.FAILING_GOLD,)


@given(st.builds(Tally, fast_run=st.integers(0, 99), same_run=st.integers(0, 99)))
def test_what_is_off_is_never_noticed(tally):
    off = {pattern.value: {"action": "off"} for pattern in Pattern}
    assert patterns_in(tally, watch_rules(off)) == ()


def test_rules_that_say_nothing_are_the_defaults():
    assert watch_rules({}) == DEFAULT_RULES
    assert watch_rules({"too_fast": {"run": 7}}).too_fast.seconds == DEFAULT_RULES.too_fast.seconds


@pytest.mark.parametrize(
    "watch", [{"too_fast": {"run": 0}}, {"too_slow": {}}, {"copied": {"action": "shame"}}]
)
def test_rules_that_cannot_be_kept_are_refused(watch):
    with pytest.raises(ValidationError):
        watch_rules(watch)


@pytest.fixture
def project(moot):
    """A project where nine of ten known answers are yes."""
    project = moot.project(gold_share=0.0)
    rows = [
        TaskRow(external_id=str(n), payload={}, gold="no" if n % 10 == 0 else "yes")
        for n in range(30)
    ]
    moot.tasks(project, *rows, "ordinary")
    return project


def act(moot, project, annotator, pattern, tally):
    with moot.work() as uow:
        return act_on(
            uow,
            project_id=project.id,
            annotator_id=annotator.id,
            pattern=pattern,
            tally=tally,
            rules=RULES,
        )


def mark_of(project, answer):
    return task_type_of(project.task_type).mark_of(answer)


def test_equal_answers_are_suspicious_only_where_the_known_ones_are_not_that_equal(moot, project):
    ann = moot.person()
    moot.answer(project, ann)
    frequent = Tally(same_run=10, last_answer=mark_of(project, "yes"))
    assert act(moot, project, ann, Pattern.CONSTANT, frequent) is None
    rare = Tally(same_run=10, last_answer=mark_of(project, "no"))
    acted = act(moot, project, ann, Pattern.CONSTANT, rare)
    assert acted is not None
    assert acted.standing is Standing.GOOD
    assert "10 of your answers were all the same" in acted.sentence


def test_nothing_is_said_of_equal_answers_where_too_little_is_known(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    moot.answer(project, ann)
    tally = Tally(same_run=1000, last_answer=mark_of(project, "yes"))
    assert act(moot, project, ann, Pattern.CONSTANT, tally) is None


def test_what_follows_is_recorded_told_and_never_twice_while_open(moot, project):
    ann = moot.person()
    moot.answer(project, ann)
    failing = Tally(recent_gold="00100")
    acted = act(moot, project, ann, Pattern.FAILING_GOLD, failing)

    assert acted.standing is Standing.PAUSED
    assert "Of your last 5 checked answers, 4 differ" in acted.sentence
    assert "before you can go on" in acted.sentence
    assert act(moot, project, ann, Pattern.FAILING_GOLD, failing) is None
    with moot.read() as uow:
        record = uow.session.get_one(AnnotatorRecord, (project.id, ann.id))
        [suspicion] = uow.session.exec(select(Suspicion))
        recorded = set(uow.session.exec(select(Entry.action)))
    assert (record.standing, record.standing_reason) == (Standing.PAUSED, acted.sentence)
    assert suspicion.evidence == {"checked": 5, "right": 1, "at_least_share": 0.6}
    assert {Action.SUSPICION_RAISED, Action.STANDING_CHANGED} <= recorded
