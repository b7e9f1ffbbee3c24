"""Watching for patterns that may mean careless work: none is proof, none is acted on in silence.

What the counters of a record show is looked at after each answer, at the cost of some comparisons.
Only a pattern that is new takes the slow path: it is held against what the project's known answers
explain, becomes a suspicion that a person can settle, and the annotator reads what follows.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from crowd.class_balance import share_of_answer
from crowd.models import Pattern, Standing, WatchAction
from crowd.suspicions import raise_suspicion
from crowd.tallies import RECENT_CHECKS, Tally
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

OFF: Literal["off"] = "off"


def _one_of_all(given: object, check: ValidatorFunctionWrapHandler) -> WatchAction | Literal["off"]:
    """Return what follows, or name all that may; the parts of a union would each name their own."""
    try:
        action: WatchAction | Literal["off"] = check(given)
    except ValidationError as error:
        raise ValueError(f"Choose one of {', '.join([*WatchAction, OFF])}.") from error
    return action


Follows = Annotated[WatchAction | Literal["off"], WrapValidator(_one_of_all)]

# A run of equal answers is noticed where careful work would bring one in fewer of 10,000 runs.
_RARE = 1e-4


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TooFast(_Rule):
    """Notice so many answers in a row that each took less than some seconds of active work."""

    seconds: float = Field(default=1.0, gt=0, le=600)
    run: int = Field(default=10, ge=2, le=1000)
    action: Follows = WatchAction.WARN


class Constant(_Rule):
    """Notice so many equal answers in a row, unless the known answers are that equal too."""

    run: int = Field(default=30, ge=5, le=1000)
    action: Follows = WatchAction.REVIEW


class FailingGold(_Rule):
    """Notice when fewer than a share of the latest checked answers are right."""

    of_last: int = Field(default=20, ge=4, le=RECENT_CHECKS)
    at_least_share: float = Field(default=0.5, gt=0, le=1)
    action: Follows = WatchAction.REVIEW


class Copied(_Rule):
    """Notice two annotators who differ from the known answers in the same way too often.

    min_shared: wrong answers to the same gold that both gave, below which nothing is said.
    share: how many of those are equal at least.
    """

    min_shared: int = Field(default=8, ge=3, le=1000)
    share: float = Field(default=0.8, gt=0, le=1)
    action: Follows = WatchAction.REVIEW


class WatchRules(_Rule):
    """Which patterns a project watches for, and what follows from each."""

    too_fast: TooFast = TooFast()
    constant: Constant = Constant()
    failing_gold: FailingGold = FailingGold()
    copied: Copied = Copied()

    def is_fast(self, active_seconds: float) -> bool:
        """Say whether an answer came faster than the project takes for careful."""
        return active_seconds < self.too_fast.seconds

    def follows(self, pattern: Pattern) -> Follows:
        """Return what the project declares to follow from a pattern."""
        match pattern:
            case Pattern.TOO_FAST:
                return self.too_fast.action
            case Pattern.CONSTANT:
                return self.constant.action
            case Pattern.FAILING_GOLD:
                return self.failing_gold.action
            case Pattern.COPIED:
                return self.copied.action


DEFAULT_RULES = WatchRules()


@dataclass(frozen=True)
class Acted:
    """What followed from a pattern: the standing, and the sentence that the annotator reads."""

    suspicion_id: UUID
    standing: Standing
    sentence: str


def watch_rules(watch: JsonObject) -> WatchRules:
    """Read a project's rules; what it does not say is as in DEFAULT_RULES."""
    return _rules_in(json.dumps(watch)) if watch else DEFAULT_RULES


# Read for every label, and nearly always the same.
@lru_cache(maxsize=256)
def _rules_in(text: str) -> WatchRules:
    return WatchRules.model_validate_json(text)


def patterns_in(tally: Tally, rules: WatchRules) -> tuple[Pattern, ...]:
    """Return the patterns that an annotator's latest answers show; pure, and cheap.

    A run that goes on is looked at again each time it has become longer by as much.
    """
    found: list[Pattern] = []
    if rules.too_fast.action != OFF and _is_multiple(tally.fast_run, rules.too_fast.run):
        found.append(Pattern.TOO_FAST)
    if rules.constant.action != OFF and _is_multiple(tally.same_run, rules.constant.run):
        found.append(Pattern.CONSTANT)
    if rules.failing_gold.action != OFF and is_failing(tally.recent_gold, rules.failing_gold):
        found.append(Pattern.FAILING_GOLD)
    return tuple(found)


def new_patterns(before: Tally, after: Tally, rules: WatchRules) -> tuple[Pattern, ...]:
    """Return the patterns that one more answer has brought: those to call `act_on` for."""
    found = patterns_in(after, rules)
    return tuple(set(found) - set(patterns_in(before, rules))) if found else ()


def is_failing(recent_gold: str, rule: FailingGold) -> bool:
    """Say whether too few of the latest checks were right; never before there are enough."""
    latest = recent_gold[-rule.of_last :]
    return len(latest) >= rule.of_last and latest.count("1") < rule.at_least_share * len(latest)


def act_on(
    uow: UnitOfWork,
    *,
    project_id: UUID,
    annotator_id: UUID,
    pattern: Pattern,
    tally: Tally,
    rules: WatchRules,
) -> Acted | None:
    """Do what the project declares for a pattern of the tally; None where nothing new follows.

    Nothing follows where the project's known answers explain the pattern, or where the same one
    is open already. The caller holds the annotator's record, or takes no lock before this.
    """
    action = rules.follows(pattern)
    evidence = _evidence(uow, project_id, pattern, tally, rules)
    if action == OFF or evidence is None:
        return None
    raised = raise_suspicion(
        uow,
        project_id=project_id,
        annotator_id=annotator_id,
        pattern=pattern,
        action=WatchAction(action),
        evidence=evidence,
    )
    return None if raised is None else Acted(raised.suspicion_id, raised.standing, raised.sentence)


def _is_multiple(run: int, of: int) -> bool:
    return run > 0 and run % of == 0


def _evidence(
    uow: UnitOfWork, project_id: UUID, pattern: Pattern, tally: Tally, rules: WatchRules
) -> JsonObject | None:
    """Return what was seen, in numbers, or None where careful work explains it."""
    if pattern is Pattern.TOO_FAST:
        return {"run": tally.fast_run, "seconds": rules.too_fast.seconds}
    if pattern is Pattern.FAILING_GOLD:
        latest = tally.recent_gold[-rules.failing_gold.of_last :]
        return {
            "checked": len(latest),
            "right": latest.count("1"),
            "at_least_share": rules.failing_gold.at_least_share,
        }
    share = share_of_answer(uow, project_id=project_id, answer_mark=tally.last_answer)
    # Careful work brings such a run with this chance where one answer is that frequent.
    if share is None or share**tally.same_run >= _RARE:
        return None
    return {"run": tally.same_run, "share_of_this_answer": round(share, 3)}
