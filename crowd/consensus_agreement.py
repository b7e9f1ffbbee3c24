"""Consensus for answers of no classes: texts, numbers, spans, boxes, rankings, several choices.

Two steps in turn, until the annotators' reliabilities stand still: the answer to each task, given
how reliable its annotators are; and how reliable each annotator is, given what the *others* say,
so that nobody is believed for agreeing with themselves.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from audit.canonical import digest
from crowd.aggregation import NEWCOMER, Agreement
from crowd.aggregation.reliability import beta_estimates
from crowd.consensus_problem import (
    AnnotatorEstimate,
    ConsensusProblem,
    ConsensusSolution,
    TaskConsensus,
    rounded,
)
from crowd.task_types import AnswerKind, Opinion, Voice
from folkmoot.kernel.json_values import Json, JsonObject

NAME, VERSION = "agreement", "1"
MOST_ROUNDS = 5
# Reliabilities that change by less stand still.
_STILL = 0.005
_CANNOT_BE_ESTIMATED = Agreement(None, None, None, 0)

# Of each task, the answer of each annotator.
_Answers: TypeAlias = Mapping[str, Mapping[str, Json]]
_Estimates: TypeAlias = Mapping[str, AnnotatorEstimate]


def solve_by_agreement(problem: ConsensusProblem, kind: AnswerKind) -> ConsensusSolution:
    """Find the answers that the voices support; the same problem has the same solution."""
    answers = _by_task(problem)
    estimates = _estimated(answers, defaultdict(list))
    rounds, still = 0, False
    while rounds < MOST_ROUNDS and not still:
        before, rounds = estimates, rounds + 1
        estimates = _estimated(answers, _chances(problem, kind, answers, before))
        still = all(
            abs(estimates[name].reliability - before[name].reliability) < _STILL for name in before
        )
    tasks = _consensus(problem, kind, answers, estimates)
    return ConsensusSolution(
        method_name=NAME,
        method_version=VERSION,
        parameters={
            "most_rounds": MOST_ROUNDS,
            "prior_right": NEWCOMER.right,
            "prior_wrong": NEWCOMER.wrong,
        },
        input_digest=_input_digest(problem),
        tasks=tasks,
        annotators=tuple(estimates[name] for name in sorted(estimates)),
        n_labels=sum(task.n_labels for task in tasks),
        iterations=rounds,
        converged=still,
        # Krippendorff's alpha needs a distance, which these answers have not been given yet.
        agreement=_CANNOT_BE_ESTIMATED,
    )


def _by_task(problem: ConsensusProblem) -> _Answers:
    answers: defaultdict[str, dict[str, Json]] = defaultdict(dict)
    for task, annotator, answer in sorted(problem.labels, key=lambda label: label[:2]):
        answers[task][annotator] = answer
    return answers


def _chances(
    problem: ConsensusProblem, kind: AnswerKind, answers: _Answers, estimates: _Estimates
) -> Mapping[str, Sequence[float]]:
    """Return of each annotator the chance that each comparable answer of theirs is right."""
    chances: defaultdict[str, list[float]] = defaultdict(list)
    for task, given in answers.items():
        voices = _voices(given, estimates)
        for annotator, answer in given.items():
            if task in problem.known:
                right = kind.agrees(problem.schema, answer, problem.known[task])
                chances[annotator].append(float(right))
            elif len(voices) > 1:
                others = [voice for name, voice in voices.items() if name != annotator]
                opinion = kind.opinion_of(problem.schema, others)
                likeness = kind.likeness(problem.schema, answer, opinion.answer)
                # Where the others are wrong, nothing is known of this answer: one half.
                chance = opinion.confidence * likeness + (1 - opinion.confidence) / 2
                chances[annotator].append(chance)
    return chances


def _estimated(answers: _Answers, chances: Mapping[str, Sequence[float]]) -> _Estimates:
    names = sorted({annotator for given in answers.values() for annotator in given})
    counts = Counter(annotator for given in answers.values() for annotator in given)
    found = [np.array(chances.get(name, ()), float) for name in names]
    limits = beta_estimates(
        right=np.array([each.sum() for each in found]),
        wrong=np.array([(1 - each).sum() for each in found]),
        doubt=np.array([(each * (1 - each)).sum() for each in found]),
        prior=NEWCOMER,
    )
    return {
        name: AnnotatorEstimate(
            annotator=name,
            reliability=rounded(limits.mean[index]),
            low=rounded(limits.low[index]),
            high=rounded(limits.high[index]),
            n_labels=counts[name],
            confusion=(),
        )
        for index, name in enumerate(names)
    }


def _consensus(
    problem: ConsensusProblem, kind: AnswerKind, answers: _Answers, estimates: _Estimates
) -> tuple[TaskConsensus, ...]:
    tasks = []
    for task in sorted({*answers, *problem.by_experts_alone}):
        given = answers.get(task, {})
        opinion = (
            Opinion(problem.known[task], 1.0)
            if task in problem.known
            else kind.opinion_of(problem.schema, list(_voices(given, estimates).values()))
        )
        n_labels = len(given) or problem.by_experts_alone[task]
        confidence = rounded(opinion.confidence)
        tasks.append(TaskConsensus(task, opinion.answer, confidence, (), n_labels))
    return tuple(tasks)


def _voices(given: Mapping[str, Json], estimates: _Estimates) -> dict[str, Voice]:
    return {name: Voice(answer, estimates[name].reliability) for name, answer in given.items()}


def _input_digest(problem: ConsensusProblem) -> str:
    labels: list[Json] = [[*label] for label in sorted(problem.labels, key=lambda label: label[:2])]
    known: JsonObject = dict(problem.known)
    alone: JsonObject = dict(problem.by_experts_alone)
    return digest({"labels": labels, "known": known, "by_experts_alone": alone})
