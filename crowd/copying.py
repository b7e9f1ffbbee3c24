"""Copied answers: two annotators who give the same wrong answers more often than chance explains.

Right answers are alike because they are right, so they say nothing. Wrong ones are alike by chance
where a task misleads many, or where both often err. For each pair the number of equal wrong answers
to gold is compared with what the difficulty of each task and both people's error rates let expect;
its tail is that of a Poisson variable, which is wider than that of a sum of rare chances (Le Cam,
An Approximation Theorem for the Poisson Binomial Distribution, Pacific J. Math. 10, 1960), times
the number of pairs that are compared (Bonferroni).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp, log, prod
from typing import NamedTuple

# A pair is named where chance would name one in fewer of a hundred projects.
MOST_CHANCE = 0.01


class CheckedAnswer(NamedTuple):
    """One annotator's answer to one gold task; `mark` is the same for the same answer."""

    annotator: str
    task: str
    mark: str
    was_right: bool


@dataclass(frozen=True)
class CopiedPair:
    """Two annotators whose wrong answers are alike.

    shared: tasks that both answered otherwise than is known. same: of them, with equal answers.
    expected: how many equal ones chance would bring. chance: that it brings so many to any pair.
    """

    first: str
    second: str
    shared: int
    same: int
    expected: float
    chance: float


def copied_pairs(
    answers: Sequence[CheckedAnswer], *, min_shared: int, share: float
) -> tuple[CopiedPair, ...]:
    """Return the pairs that chance does not explain, in the order of their names.

    Pairs with fewer than `min_shared` shared wrong answers cannot be judged and are left out.
    """
    seen = _by_annotator(answers)
    n_pairs = len(seen) * (len(seen) - 1) // 2
    wrong = {name: _wrong(own) for name, own in seen.items()}
    difficulty = _Difficulty(answers)
    found = []
    for first, second in combinations(sorted(seen), 2):
        shared = wrong[first].keys() & wrong[second].keys()
        same = sum(wrong[first][task] == wrong[second][task] for task in shared)
        if len(shared) < min_shared or same < share * len(shared):
            continue
        expected = difficulty.equal_by_chance(seen[first], seen[second])
        chance = min(1.0, n_pairs * poisson_tail(same, expected))
        if chance < MOST_CHANCE:
            found.append(CopiedPair(first, second, len(shared), same, expected, chance))
    return tuple(found)


def poisson_tail(least: int, mean: float) -> float:
    """Return the chance that a Poisson variable is `least` or more."""
    if least <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    # The sum is of what lies above, since one minus the rest would lose all digits.
    term = exp(least * log(mean) - mean - sum(log(k) for k in range(2, least + 1)))
    total, k = term, least
    while term > total * 1e-12 and k < least + 10_000:
        k += 1
        term *= mean / k
        total += term
    return min(total, 1.0)


class _Difficulty:
    """How often others answer each task wrongly, and how often two of them do so equally."""

    def __init__(self, answers: Sequence[CheckedAnswer]) -> None:
        self._seen = Counter(answer.task for answer in answers)
        self._wrong: dict[str, Counter[str]] = {}
        for answer in answers:
            if not answer.was_right:
                self._wrong.setdefault(answer.task, Counter())[answer.mark] += 1
        n_wrong = sum(not answer.was_right for answer in answers)
        self._mean = (n_wrong + 1) / (len(answers) + 2)

    def equal_by_chance(
        self, first: Mapping[str, CheckedAnswer], second: Mapping[str, CheckedAnswer]
    ) -> float:
        """Return how many equal wrong answers two independent people would give."""
        both = _person_odds(first), _person_odds(second)
        return sum(
            self._chance_equal(both, first[task], second[task])
            for task in first.keys() & second.keys()
        )

    def _chance_equal(
        self, people: tuple[float, float], first: CheckedAnswer, second: CheckedAnswer
    ) -> float:
        # The two themselves say nothing of how hard the task is for others.
        own = Counter(answer.mark for answer in (first, second) if not answer.was_right)
        others = self._wrong.get(first.task, Counter()) - own
        # Two answers of mean difficulty are imagined in the place of the two that are left out.
        hard = (others.total() + 2 * self._mean) / self._seen[first.task]
        harder = _odds(hard) / _odds(self._mean)
        return prod(_chance(person * harder) for person in people) * _alike(others)


def _alike(wrong: Counter[str]) -> float:
    """Return the chance that two wrong answers to a task are equal, 1 where little is known."""
    n = wrong.total()
    return 1.0 if n <= 2 else sum((count / n) ** 2 for count in wrong.values())


def _by_annotator(answers: Sequence[CheckedAnswer]) -> dict[str, dict[str, CheckedAnswer]]:
    found: dict[str, dict[str, CheckedAnswer]] = {}
    for answer in answers:
        found.setdefault(answer.annotator, {})[answer.task] = answer
    return found


def _wrong(own: Mapping[str, CheckedAnswer]) -> dict[str, str]:
    return {task: answer.mark for task, answer in own.items() if not answer.was_right}


def _person_odds(own: Mapping[str, CheckedAnswer]) -> float:
    return _odds((len(_wrong(own)) + 1) / (len(own) + 2))


def _odds(chance: float) -> float:
    return chance / (1 - chance)


def _chance(odds: float) -> float:
    return odds / (1 + odds)
