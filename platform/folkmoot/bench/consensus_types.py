"""Consensus for answers that are no class: ours beside what is simple, on real crowds.

Numbers, tags of sequences, boxes, comparisons, grades. What has parameters was chosen on the
tasks with an even index; "other half" is the odd ones, which had no say. (Both halves are in
every fit, as they would be in use; only their truth is kept apart.)

Beside each stand the usual ways: the mean; the majority and Dawid and Skene for each token; the
largest clusters and the median of their corners; the mode. For comparisons there is no truth but
other people's votes: a fifth of them is held out.
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import numpy as np

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.arrays import BoolArray, FloatArray, IndexArray
from crowd.aggregation.bradley_terry import BradleyTerry
from crowd.aggregation.crowd_bt import CrowdBradleyTerry
from crowd.aggregation.dawid_skene import DawidSkene
from crowd.aggregation.ensemble import Ensemble
from crowd.aggregation.gaussian import GaussianCrowd
from crowd.aggregation.graded import GradedCrowd, medians_of
from crowd.aggregation.graded_ensemble import GradedEnsemble
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.majority import MajorityVote
from crowd.aggregation.overlaps import clusters_of
from crowd.aggregation.region_consensus import RegionConsensus
from crowd.aggregation.region_rows import RegionRows
from crowd.aggregation.sequence_crowd import SequenceCrowd
from folkmoot.bench.crowd_data import read_crowds
from folkmoot.bench.measure import Figure
from folkmoot.bench.span_scores import BoxScore, Span, box_score, f1_of, spans_of
from folkmoot.bench.span_votes import voted_spans
from folkmoot.bench.type_data import (
    Tags,
    comparisons_of,
    read_boxes,
    read_numbers,
    read_pairs,
    read_tags,
)

_HELD_OUT = 0.2
_LEAST_SUPPORT = 0.3
_USUAL_OVERLAP = 0.4
_TIMED = 3


@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder of emotion_numeric, conll_ner, pedestrian_boxes, argument_pairs and web.",
)
@click.option("--seed", default=0, show_default=True, help="Draws the votes that are held out.")
def run(*, data: Path, seed: int) -> Iterator[Figure]:
    """Measure every kind whose crowd is in the folder."""
    for name, measure in _KINDS.items():
        if (data / name).is_dir():
            yield from measure(data / name)
        else:
            click.echo(f"{name} is not there; its kind is left out.")
    if (data / "argument_pairs").is_dir():
        yield from _pairs(data / "argument_pairs", seed)


def _numbers(folder: Path) -> Iterator[Figure]:
    crowd = read_numbers(folder)
    other = _odd(crowd.rows.n_tasks)
    mean = np.bincount(crowd.rows.task, crowd.rows.value) / np.bincount(crowd.rows.task)
    fit = GaussianCrowd().fit(crowd.rows)
    known = {task: float(crowd.truth[task]) for task in np.flatnonzero(~other).tolist()}
    taught = GaussianCrowd().fit(crowd.rows, known)
    plain = np.abs(mean - crowd.truth)
    errors = np.abs(fit.values_ - crowd.truth)
    yield Figure("numbers: mean, mean error", _mean(plain), "units")
    yield Figure("numbers: mean, root of squared error", _root(plain), "units")
    yield Figure("numbers: ours, mean error", _mean(errors), "units", at_most=_mean(plain))
    yield Figure("numbers: ours, root of squared error", _root(errors), "units")
    yield Figure("numbers: mean, mean error on the other half", _mean(plain[other]), "units")
    yield Figure(
        "numbers: ours, mean error on the other half",
        _mean(errors[other]),
        "units",
        at_most=_mean(plain[other]),
    )
    inside = (fit.low_ <= crowd.truth) & (crowd.truth <= fit.high_)
    yield Figure(
        "numbers: truth in the 95 % limits, no gold", 100 * _mean(inside), "%", at_least=90
    )
    inside = (taught.low_ <= crowd.truth) & (crowd.truth <= taught.high_)
    yield Figure(
        "numbers: truth in the 95 % limits, half gold, other half",
        100 * _mean(inside[other]),
        "%",
        at_least=93,
    )


def _mean(values: FloatArray | BoolArray) -> float:
    return float(np.mean(values))


def _root(errors: FloatArray) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def _tags(folder: Path) -> Iterator[Figure]:
    crowd = read_tags(folder)
    matrix = _token_matrix(crowd)
    fit, seconds = SequenceCrowd(), time.process_time()
    fit.fit(crowd.rows)
    seconds = time.process_time() - seconds
    found = {
        "majority of each token": _whole(crowd, matrix, MajorityVote()),
        "Dawid-Skene of each token": _whole(crowd, matrix, DawidSkene()),
        "ours": fit.tags_,
    }
    for name, tags in found.items():
        bar = 0.76 if name == "ours" else None
        spans = _read_spans(crowd, tags)
        yield Figure(f"sequences: {name}, strict span F1", _f1(crowd, spans), "", at_least=bar)
        yield Figure(f"sequences: {name}, other half", _f1(crowd, spans, half=True), "")
    spans = voted_spans(crowd.rows)
    yield Figure("sequences: spans voted by overlap, strict span F1", _f1(crowd, spans), "")
    yield Figure("sequences: ours, seconds of one core", seconds, "s")


def _token_matrix(crowd: Tags) -> LabelMatrix:
    rows = crowd.rows
    return LabelMatrix(
        rows.token.astype(np.int32),
        rows.annotator.astype(np.int32),
        rows.tag.astype(np.int16),
        task_names=tuple(map(str, range(rows.n_tokens))),
        annotator_names=rows.annotator_names,
        class_names=rows.tag_names,
    )


def _whole(crowd: Tags, matrix: LabelMatrix, algorithm: Aggregator) -> IndexArray:
    # A tie goes to the first tag by name, so to a span.
    tags = algorithm.fit_predict(matrix)
    return np.where(crowd.rows.votes.sum(axis=1) > 0, tags, crowd.rows.tag_names.index("O"))


def _read_spans(crowd: Tags, tags: IndexArray) -> set[Span]:
    return spans_of(tags, crowd.rows.tag_names, crowd.rows.starts)


def _f1(crowd: Tags, spans: set[Span], *, half: bool = False) -> float:
    """Score the spans, of all or of every second document, where anybody tagged."""
    tagged = crowd.rows.votes.sum(axis=1) > 0
    documents = [name.rpartition("#")[0] for name in crowd.rows.task_names]
    number = np.unique(documents, return_inverse=True)[1]
    odd = np.repeat(number % 2 == 1, crowd.rows.length)
    counts = tagged & odd if half else tagged
    truth = _read_spans(crowd, crowd.truth)
    kept = [{span for span in each if counts[span[0]]} for each in (spans, truth)]
    return f1_of(kept[0], kept[1])


def _boxes(folder: Path) -> Iterator[Figure]:
    crowd = read_boxes(folder)
    seconds = time.process_time()
    fit = RegionConsensus().fit(crowd.rows)
    seconds = time.process_time() - seconds
    ours = _by_task(fit.task_, fit.ends_)
    usual = _usual_boxes(crowd.rows)
    odd = {task: boxes for task, boxes in crowd.truth.items() if task % 2}
    plain, half = box_score(usual, crowd.truth), box_score(usual, odd)
    yield from _box_figures("clusters of 30 %, median corners", plain, half)
    whole = box_score(ours, crowd.truth)
    yield Figure("boxes: ours, F1", whole.f1, "", at_least=0.91)
    yield Figure("boxes: ours, overlap", whole.overlap, "", at_least=0.825)
    yield from _box_figures("ours", None, box_score(ours, odd))
    yield Figure("boxes: ours, seconds of one core", seconds, "s")


def _box_figures(name: str, whole: BoxScore | None, half: BoxScore) -> Iterator[Figure]:
    if whole is not None:
        yield Figure(f"boxes: {name}, F1", whole.f1, "")
        yield Figure(f"boxes: {name}, overlap", whole.overlap, "")
    yield Figure(f"boxes: {name}, F1 on the other half", half.f1, "")
    yield Figure(f"boxes: {name}, overlap on the other half", half.overlap, "")


def _usual_boxes(rows: RegionRows) -> Mapping[int, FloatArray]:
    clusters = clusters_of(rows, rows.ends, overlap=_USUAL_OVERLAP)
    asked = np.bincount(rows.seen[:, 0], minlength=rows.n_tasks)
    support = np.bincount(clusters.cluster) / asked[clusters.task]
    kept = np.flatnonzero(support >= _LEAST_SUPPORT)
    order = np.argsort(clusters.cluster, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(clusters.cluster))[:-1])
    corners = np.array([np.median(rows.ends[members[one]], axis=0) for one in kept])
    return _by_task(clusters.task[kept], corners)


def _by_task(task: IndexArray, ends: FloatArray) -> Mapping[int, FloatArray]:
    return {one: ends[task == one] for one in np.unique(task).tolist()}


def _pairs(folder: Path, seed: int) -> Iterator[Figure]:
    answers = read_pairs(folder)
    held_out = np.random.default_rng(seed).random(len(answers)) < _HELD_OUT
    rows = comparisons_of([one for one, out in zip(answers, held_out, strict=True) if not out])
    place = {name: index for index, name in enumerate(rows.item_names)}
    asked = [
        (place[first], place[second], share)
        for (_, first, second, share), out in zip(answers, held_out, strict=True)
        if out and share != 0.5 and first in place and second in place
    ]
    first, second = (np.array([one[side] for one in asked], dtype=np.int64) for side in (0, 1))
    won = np.array([one[2] for one in asked]) == 1
    for name, algorithm in (
        ("Bradley-Terry", BradleyTerry()),
        ("with reliability", CrowdBradleyTerry()),
    ):
        times: list[float] = []
        for _ in range(_TIMED):
            began = time.process_time()
            algorithm.fit(rows)
            times.append(time.process_time() - began)
        chance = algorithm.predict_proba(first, second)
        bar = 0.782 if name == "Bradley-Terry" else None
        yield Figure(f"pairs: {name}, held-out votes", _agreement(chance, won), "", at_least=bar)
        yield Figure(f"pairs: {name}, log-loss", _log_loss(chance, won), "")
        limit = 0.05 if name == "Bradley-Terry" else None
        yield Figure(f"pairs: {name}, seconds of one core", min(times), "s", at_most=limit)


def _agreement(chance: FloatArray, won: BoolArray) -> float:
    right = np.where(chance == 0.5, 0.5, (chance > 0.5) == won)
    return float(right.mean())


def _log_loss(chance: FloatArray, won: BoolArray) -> float:
    return float(-np.log(np.where(won, chance, 1 - chance)).mean())


def _grades(folder: Path) -> Iterator[Figure]:
    (crowd,) = read_crowds(folder.parent, names=[folder.name])
    task = np.array(list(crowd.truth))
    truth = np.array(list(crowd.truth.values()))
    majority, matrices, mixed = MajorityVote(), DawidSkene(), Ensemble()
    graded, ours = GradedCrowd(), GradedEnsemble()
    for algorithm in (majority, matrices, mixed, graded, ours):
        algorithm.fit(crowd.matrix)
    votes = crowd.matrix.votes()
    found = {
        "majority": majority.labels_,
        "median vote": medians_of(votes / votes.sum(axis=1, keepdims=True)),
        "Dawid-Skene, mode": matrices.labels_,
        "Dawid-Skene, median": medians_of(matrices.posterior_),
        "ensemble, median": medians_of(mixed.posterior_),
        "graded model": graded.labels_,
        "ours": ours.labels_,
    }
    for name, grades in found.items():
        errors = np.abs(grades[task] - truth)
        bar = 0.26 if name == "ours" else None
        yield Figure(f"grades: {name}, mean error", _mean(errors), "grades", at_most=bar)
        yield Figure(f"grades: {name}, other half", _mean(errors[_odd(len(task))]), "grades")


def _odd(count: int) -> BoolArray:
    return np.asarray(np.arange(count) % 2 == 1)


_KINDS = {
    "emotion_numeric": _numbers,
    "conll_ner": _tags,
    "pedestrian_boxes": _boxes,
    "web": _grades,
}
