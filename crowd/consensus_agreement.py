"""Consensus for answers of no classes: texts, numbers, spans, boxes, rankings, several choices.

Two steps in turn, until the annotators' reliabilities stand still: the answer to each task, given
how reliable its annotators are; and how reliable each annotator is, given what the *others* say,
so that nobody is believed for agreeing with themselves.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from crowd.aggregation import NEWCOMER, tell
from crowd.consensus_estimates import agreement_by_likeness, by_task, estimates_from
from crowd.consensus_problem import (
    AnnotatorEstimate,
    ConsensusProblem,
    ConsensusSolution,
    TaskConsensus,
    digest_of_input,
    rounded,
)
from crowd.task_types import AnswerKind, Opinion, Voice
from folkmoot.kernel.json_values import Json

NAME, VERSION = "agreement", "1"
MOST_ROUNDS = 5
# Reliabilities that change by less stand still.
_STILL = 0.005

# Of each task, the answer of each annotator.
_Answers: TypeAlias = Mapping[str, Mapping[str, Json]]
_Estimates: TypeAlias = Mapping[str, AnnotatorEstimate]


def solve_by_agreement(problem: ConsensusProblem, kind: AnswerKind) -> ConsensusSolution:
    """Find the answers that the voices support; the same problem has the same solution."""
    answers = by_task(problem)
    estimates = _estimated(answers, defaultdict(list))
    rounds, still = 0, False
    while rounds < MOST_ROUNDS and not still:
        before, rounds = estimates, rounds + 1
        tell(rounds)
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
        input_digest=digest_of_input(problem),
        tasks=tasks,
        annotators=tuple(estimates[name] for name in sorted(estimates)),
        n_labels=sum(task.n_labels for task in tasks),
        iterations=rounds,
        converged=still,
        agreement=agreement_by_likeness(problem, kind),
    )


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
    counts = Counter(annotator for given in answers.values() for annotator in given)
    return {each.annotator: each for each in estimates_from(counts, chances, {})}


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
