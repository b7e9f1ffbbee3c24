"""Consensus for boxes in pictures and spans in texts, by what overlaps."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crowd.aggregation import RegionConsensus, RegionRows
from crowd.consensus_estimates import (
    agreement_by_likeness,
    estimates_of,
    require_enough,
    solution_of,
    with_known,
)
from crowd.consensus_parts import chance_as_good, expected_f1, tempered
from crowd.consensus_problem import (
    ConsensusProblem,
    ConsensusSolution,
    TaskConsensus,
    UnfitError,
    all_rounded,
    rounded,
)
from crowd.task_types.marked_parts import MarkedParts
from crowd.task_types.medians import weighted_median
from crowd.task_types.regions import Extent, Region
from crowd.task_types.spans import Spans

# A doubtful part is worth showing: it costs little if it is wrong, and much if it is missed.
LEAST_CHANCE = 0.2


@dataclass(frozen=True)
class Part:
    """A region that may be there, and the chance that it is, of this class."""

    region: Region
    chance: float


def solve_by_regions(problem: ConsensusProblem, kind: MarkedParts) -> ConsensusSolution:
    """Cluster what overlaps, judge which clusters are real, and average their ends."""
    require_enough(problem)
    rows = _rows(problem, kind)
    # With no threshold, what is doubtful is there to be reckoned with.
    fitted = RegionConsensus(threshold=0.0).fit(rows)
    parts = _parts(rows, fitted, with_medians=isinstance(kind, Spans))
    counts = np.bincount(rows.seen[:, 0], minlength=rows.n_tasks)
    tasks = [
        answer_of_parts(problem, kind, task, parts[index], int(counts[index]))
        for index, task in enumerate(rows.task_names)
    ]
    return solution_of(
        problem,
        fitted,
        with_known(problem, tasks, lambda answer: (1.0,) * len(kind.parts_of(answer))),
        estimates_of(problem, kind, _chances(rows, fitted), _traits(rows, fitted)),
        agreement_by_likeness(problem, kind),
        least_chance=LEAST_CHANCE,
    )


def answer_of_parts(
    problem: ConsensusProblem, kind: MarkedParts, task: str, parts: Sequence[Part], n_labels: int
) -> TaskConsensus:
    """Return the answer that takes the probable parts, as many as the schema allows."""
    known = kind.known_schema(problem.schema)
    by_chance = sorted(parts, key=lambda part: (-round(part.chance, 9), part.region))
    kept: dict[Region, float] = {}
    left_out: list[float] = []
    for part in by_chance:
        takes = part.chance >= LEAST_CHANCE and len(kept) < known.most
        if takes and part.region not in kept and kind.may_join(problem.schema, part.region, kept):
            kept[part.region] = part.chance
        else:
            left_out.append(part.chance)
    chances = tempered([kept[region] for region in sorted(kept)], n_labels)
    missed = tempered(left_out, n_labels)
    confidence = chance_as_good(chances, missed, least_f1=known.gold_f1)
    answer = kind.written(list(kept))
    return TaskConsensus(task, answer, rounded(confidence), all_rounded(chances), n_labels)


def _rows(problem: ConsensusProblem, kind: MarkedParts) -> RegionRows:
    answers = [
        (task, who, [(part.label, _ends(part.extent)) for part in kind.parts_of(said)])
        for task, who, said in problem.labels
    ]
    marked = [ends for _, _, parts in answers for _, ends in parts]
    if not marked:
        raise UnfitError("Nobody has marked anything.")
    classes = [choice.value for choice in kind.known_schema(problem.schema).classes]
    return RegionRows.from_answers(answers, classes=classes, n_axes=len(marked[0]) // 2)


def _ends(extent: Extent) -> list[float]:
    return [low for low, _ in extent] + [high for _, high in extent]


def _parts(
    rows: RegionRows, fitted: RegionConsensus, *, with_medians: bool
) -> Mapping[int, list[Part]]:
    """Return the parts of each task; with medians each end is one that somebody set."""
    ends = _median_ends(rows, fitted) if with_medians else fitted.ends_.tolist()
    parts: defaultdict[int, list[Part]] = defaultdict(list)
    chances = fitted.confidence_ * fitted.class_share_
    for task, corners, label, chance in zip(
        fitted.task_.tolist(), ends, fitted.labels_.tolist(), chances.tolist(), strict=True
    ):
        axes = len(corners) // 2
        extent = tuple(zip(corners[:axes], corners[axes:], strict=True))
        parts[task].append(Part(Region(extent, rows.class_names[label]), chance))
    return parts


def _median_ends(rows: RegionRows, fitted: RegionConsensus) -> list[list[float]]:
    """Return medians, since a mean of two words' beginnings lies within neither."""
    precision = (1 / fitted.spread_**2)[rows.annotator]
    order = np.argsort(fitted.cluster_, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(fitted.cluster_))[:-1])
    return [
        [weighted_median(column, precision[one].tolist()) for column in rows.ends[one].T.tolist()]
        for one in members
    ]


def _chances(rows: RegionRows, fitted: RegionConsensus) -> dict[tuple[str, str], float]:
    """Return the F1 score that each answer may expect; answers that stand alone have none."""
    expected = np.bincount(fitted.task_, fitted.confidence_, minlength=rows.n_tasks)
    shared = np.bincount(rows.seen[:, 0], minlength=rows.n_tasks) > 1
    drawn: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    for row, cluster in enumerate(fitted.cluster_.tolist()):
        same_class = rows.label[row] == fitted.labels_[cluster]
        chance = float(fitted.confidence_[cluster]) if same_class else 0.0
        drawn[int(rows.task[row]), int(rows.annotator[row])].append(chance)
    return {
        (rows.task_names[task], rows.annotator_names[who]): expected_f1(
            drawn[task, who], float(expected[task])
        )
        for task, who in rows.seen.tolist()
        if shared[task]
    }


def _traits(rows: RegionRows, fitted: RegionConsensus) -> dict[str, dict[str, float]]:
    return {
        name: {
            "finds": float(fitted.finds_[who]),
            "invents": float(fitted.invents_[who]),
            "spread": float(fitted.spread_[who]),
        }
        for who, name in enumerate(rows.annotator_names)
    }
