"""Rules of a project: versions, and what a person must see."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from audit.actions import Action
from audit.keys import LogKey
from audit.retention import apply_retention
from audit.sealing import seal_log
from audit.signing_keys import SigningKey
from audit.verification import verify_log
from folkmoot.kernel import clock
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.ids import new_id
from governance.claims_of_models import PolicyClaims
from governance.policies import (
    Condition,
    GateRule,
    Operator,
    PolicyDraft,
    current_policy,
    policies_of,
    rules_of,
    set_policy,
)

OLD = Condition(field="age", operator=Operator.AT_LEAST, value=70)
RULES = PolicyDraft(hold_below=0.8, high_stakes=(OLD,))


def test_without_a_policy_every_case_goes_to_a_person(court) -> None:
    with court.read() as uow:
        policy = current_policy(uow, court.project.id)
    assert policy.version == 0
    assert rules_of(policy).hold_reasons(payload={"age": 30}, probability=1.0)


def test_each_policy_is_a_new_version_and_the_old_ones_stay(court) -> None:
    court.policy(RULES)
    court.policy(PolicyDraft(hold_below=0.9))
    with court.read() as uow:
        versions = policies_of(uow, court.project.id)
        assert current_policy(uow, court.project.id).version == 2
    assert [(each.version, each.hold_below) for each in versions] == [(2, 0.9), (1, 0.8)]


def test_a_policy_outlives_the_entry_that_set_it_and_nothing_is_missed(court) -> None:
    court.policy(RULES)
    key = LogKey("log.example.org", SigningKey.generate("log.example.org"))
    with court.work() as uow:
        seal_log(uow, key)
    with clock.moved_to(clock.now() + timedelta(days=20 * 366)):
        while True:
            with court.work() as uow:
                if apply_retention(uow, erasables=[]) is None:
                    break
        court.policy(PolicyDraft(hold_below=0.9))
    with court.work() as uow:
        seal_log(uow, key)
    with court.read() as uow:
        verdict = verify_log(uow, verifier=key.verifier, claims=[PolicyClaims()])
    assert (verdict.claims, verdict.findings) == (2, ())


@pytest.mark.parametrize(
    "rules",
    [
        {"hold_below": True},
        {"hold_below": "0.8"},
        {"hold_below": 0.8, "review_minutes": True},
        {"hold_below": 0.8, "shortest_reason": True},
        {"hold_below": 0.8, "gate": {"max_error_increase": True}},
        {"hold_below": 0.8, "gate": {"max_gap_increase": False}},
    ],
)
def test_a_number_of_a_policy_is_a_number(rules: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PolicyDraft.model_validate(rules)
    assert PolicyDraft.model_validate({"hold_below": 1}).hold_below == 1.0


def test_a_policy_comes_back_as_it_was_set(court) -> None:
    draft = PolicyDraft(
        hold_below=0.8,
        high_stakes=(OLD, Condition(field="ward", operator=Operator.EQUALS, value="icu")),
        gate=GateRule(max_error_increase=0.02),
    )
    court.policy(draft)
    with court.read() as uow:
        assert rules_of(current_policy(uow, court.project.id)) == draft


def test_setting_a_policy_leaves_one_entry_by_the_officer(court) -> None:
    court.policy(RULES)
    (entry,) = court.entries(Action.POLICY_SET)
    assert (entry.actor_id, entry.subject_id) == (court.officer.id, court.project.id)


def test_a_policy_needs_a_project(court) -> None:
    with pytest.raises(NotFound), court.work() as uow:
        set_policy(uow, court.officer, project_id=new_id(), draft=RULES)


def test_a_case_is_held_for_each_reason_that_applies() -> None:
    assert RULES.hold_reasons(payload={"age": 30}, probability=0.8) == []
    assert RULES.hold_reasons(payload={"age": 70}, probability=0.79) == [
        "High stakes: age is at least 70.",
        "The model is 79% sure; below 80% the policy asks a person.",
    ]


@pytest.mark.parametrize("payload", [{}, {"age": None}, {"age": "unknown"}])
def test_a_missing_number_counts_as_high_stakes(payload) -> None:
    assert RULES.hold_reasons(payload=payload, probability=0.99)


@pytest.mark.parametrize(
    ("operator", "value", "given", "holds"),
    [
        ("equals", "icu", "icu", True),
        ("equals", "icu", "ward", False),
        ("equals", 2, "2", True),
        ("equals", True, True, True),
        ("equals", True, "true", False),
        ("above", 70, 70, False),
        ("at_least", 70, "70", True),
        ("below", 18, 17.9, True),
        ("at_most", 18, 18.1, False),
    ],
)
def test_conditions_compare(operator, value, given, holds) -> None:
    condition = Condition.model_validate({"field": "x", "operator": operator, "value": value})
    assert condition.holds({"x": given}) is holds


@pytest.mark.parametrize(
    "wrong",
    [
        {"hold_below": 0},
        {"hold_below": 1.1},
        {"hold_below": 0.8, "surprise": 1},
        {"hold_below": 0.8, "shortest_reason": 0},
        {"hold_below": float("nan")},
        {"hold_below": 0.8, "high_stakes": [{"field": "a\x00", "operator": "equals", "value": 1}]},
        {"hold_below": 0.8, "high_stakes": [{"field": "x", "operator": "above", "value": "y"}]},
    ],
)
def test_nonsense_is_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        PolicyDraft.model_validate(wrong)
