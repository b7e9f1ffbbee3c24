"""From labelled cases to a measured and judged model: pure, no database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import sklearn

from audit.canonical import digest
from folkmoot.kernel.errors import InvalidInput
from folkmoot.kernel.json_values import Json, JsonObject
from governance.charts.version_charts import calibration_chart
from governance.evaluation import evaluate
from governance.fairness.paired import PairedErrors
from governance.fairness.plain import to_json
from governance.fitting import Example, fit
from governance.gate import ComparedCases, compare, judge
from governance.grouping import GroupField
from governance.held_out import is_held_out
from governance.model_files import TrainedModel, dump_model, load_model
from governance.policies import GateRule
from governance.registry import TrainingParameters
from governance.scoring import score


@dataclass(frozen=True)
class Rival:
    """The active version, with which a new one is compared."""

    version_id: UUID
    number: int
    held_out_share: float
    model_file: bytes


@dataclass(frozen=True)
class TrainingProblem:
    """All that a training run needs. `outcomes` maps external ids to what turned out true."""

    version_id: UUID
    parameters: TrainingParameters
    classes: tuple[str, ...]
    examples: tuple[Example, ...]
    outcomes: Mapping[str, str]
    gate: GateRule
    groups: tuple[GroupField, ...]
    rival: Rival | None


@dataclass(frozen=True)
class TrainingResult:
    """What a training run gives: the model file, its figures, gate's verdict and pictures (SVG)."""

    model_file: bytes
    metrics: JsonObject
    gate: JsonObject
    figures: dict[str, str]


@dataclass(frozen=True)
class HeldOut:
    """The cases that a version is measured on, and what their truth is taken from."""

    measured_against: str
    examples: tuple[Example, ...]
    truth: tuple[str, ...]
    without_truth: int

    def within(self, share: float) -> "HeldOut":
        """Return those that a version with this share has not learned from either."""
        kept = [
            (each, true)
            for each, true in zip(self.examples, self.truth, strict=True)
            if is_held_out(each.external_id, share)
        ]
        examples, truth = zip(*kept, strict=True) if kept else ((), ())
        return HeldOut(self.measured_against, examples, truth, self.without_truth)


def train(problem: TrainingProblem) -> TrainingResult:
    """Fit on what is not held out, measure on what is, and judge by the declared gate."""
    share = problem.parameters.held_out_share
    learned_from = [each for each in problem.examples if not _is_kept_back(each, share)]
    model = fit(learned_from, classes=problem.classes, parameters=problem.parameters)
    measured = held_out(problem.examples, problem.outcomes, share)
    scores = score(model, [each.payload for each in measured.examples])
    evaluation = evaluate(scores, measured.truth, classes=problem.classes)
    compared = _compared_cases(problem, model, measured, learned_from)
    return TrainingResult(
        model_file=dump_model(model),
        metrics={
            **_training_figures(model, learned_from),
            **_held_out_figures(measured),
            **to_json(evaluation),
            "comparison": _comparison(compare(compared), problem.rival),
        },
        gate=_gate(problem, compared),
        figures={"calibration": calibration_chart(evaluation.calibration)},
    )


def held_out(examples: Sequence[Example], outcomes: Mapping[str, str], share: float) -> HeldOut:
    """Return the held-out cases with their truth.

    The truth is what turned out; where no held-out case has an outcome it is the consensus, and
    `measured_against` says so. Raise InvalidInput where no case is left to measure on.
    """
    kept_back = [each for each in examples if _is_kept_back(each, share)]
    if not kept_back:
        raise InvalidInput("No task is held out, so nothing can be measured: label more tasks.")
    known = tuple(each for each in kept_back if each.external_id in outcomes)
    if not known:
        truth = tuple(each.answer for each in kept_back)
        return HeldOut("consensus", tuple(kept_back), truth, 0)
    truth = tuple(outcomes[each.external_id] for each in known)
    return HeldOut("outcomes", known, truth, len(kept_back) - len(known))


def _is_kept_back(example: Example, share: float) -> bool:
    # What reviewers said of new cases is for learning only; measuring keeps to one set of tasks.
    return example.is_crowd and is_held_out(example.external_id, share)


def _compared_cases(
    problem: TrainingProblem,
    model: TrainedModel,
    measured: HeldOut,
    learned_from: Sequence[Example],
) -> ComparedCases:
    common = measured if problem.rival is None else measured.within(problem.rival.held_out_share)
    if not common.examples:
        raise InvalidInput("No held-out case is common to this version and the active one.")
    payloads = [each.payload for each in common.examples]
    return ComparedCases(
        truth=common.truth,
        before=_answers_before(problem, payloads, learned_from),
        after=[each.answer for each in score(model, payloads)],
        groups={
            field.field: [field.group_of(payload) for payload in payloads]
            for field in problem.groups
        },
    )


def _answers_before(
    problem: TrainingProblem, payloads: Sequence[JsonObject], learned_from: Sequence[Example]
) -> list[str]:
    """Return what the active version says, or the commonest answer where none is active."""
    if problem.rival is None:
        counts = Counter(each.answer for each in learned_from)
        return [max(problem.classes, key=lambda name: counts[name])] * len(payloads)
    active = load_model(problem.rival.model_file)
    return [each.answer for each in score(active, payloads)]


def _training_figures(model: TrainedModel, learned_from: Sequence[Example]) -> JsonObject:
    by_answer: JsonObject = {**Counter(each.answer for each in learned_from)}
    n_crowd = sum(each.is_crowd for each in learned_from)
    return {
        "features": list(model.features),
        "training": {
            "rows": len(learned_from),
            "crowd": n_crowd,
            "review": len(learned_from) - n_crowd,
            "by_answer": by_answer,
        },
        "scikit_learn": sklearn.__version__,
    }


def _held_out_figures(measured: HeldOut) -> JsonObject:
    names: list[Json] = [each.external_id for each in measured.examples]
    return {
        "measured_against": measured.measured_against,
        "held_out": {
            "cases": len(measured.examples),
            "without_truth": measured.without_truth,
            "digest": digest(names),
        },
    }


def _comparison(compared: PairedErrors, rival: Rival | None) -> JsonObject:
    with_version = None if rival is None else rival.number
    return {"with_version": with_version, **to_json(compared)}


def _gate(problem: TrainingProblem, compared: ComparedCases) -> JsonObject:
    rival = problem.rival
    verdict = judge(
        compared,
        problem.gate,
        compared_with=None if rival is None else str(rival.version_id),
        seed=problem.parameters.seed,
    )
    return {**to_json(verdict), "rule": problem.gate.model_dump(mode="json")}
