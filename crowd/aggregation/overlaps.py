"""Find which regions of several annotators mean the same thing, by how much they overlap."""

from typing import NamedTuple

import numpy as np

from crowd.aggregation.answer_rows import AnswerRows
from crowd.aggregation.arrays import BoolArray, FloatArray, IndexArray

_HALVES = 2


class Clusters(NamedTuple):
    """Hold clusters of regions, at most one of each annotator.

    cluster: the cluster of each region, (n_rows,).
    task: the task of each cluster, in rising order, (n_clusters,).
    """

    cluster: IndexArray
    task: IndexArray


def overlaps_of(regions: FloatArray) -> FloatArray:
    """Return the intersection over union of all pairs: shape (n, n).

    regions: lower ends along each axis, then upper ends, shape (n, 2 * n_axes): four
        corners of a box, or start and end of a span.
    """
    axes = regions.shape[1] // _HALVES
    low, high = regions[:, :axes], regions[:, axes:]
    sides = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    shared = np.prod(np.maximum(sides, 0.0), axis=2)
    size = np.prod(high - low, axis=1)
    union = size[:, None] + size - shared
    return np.asarray(shared / np.where(union > 0, union, 1.0))


def clusters_of(rows: AnswerRows, regions: FloatArray, *, overlap: float) -> Clusters:
    """Group the regions of each task, the tightest group first.

    A group grows around one region: it takes from each other annotator the free region
    that overlaps it most, if by `overlap` or more. Of all groups that could be grown, the
    one with the largest sum of overlaps is taken, and so on with what is left. Ties go to
    the region that comes first.
    """
    cluster = np.zeros(rows.n_rows, dtype=np.int64)
    tasks: list[int] = []
    ends = np.append(np.flatnonzero(np.diff(rows.task)) + 1, rows.n_rows)
    start = 0
    for end in ends.tolist() if rows.n_rows else []:
        inside = slice(start, end)
        numbers = _groups(overlaps_of(regions[inside]), rows.annotator[inside], overlap)
        cluster[inside] = numbers + len(tasks)
        tasks += [int(rows.task[start])] * (int(numbers.max()) + 1)
        start = end
    return Clusters(cluster, np.array(tasks, dtype=np.int64))


def _groups(shared: FloatArray, annotator: IndexArray, overlap: float) -> IndexArray:
    """Return the group of each region of one task, whose rows come sorted by annotator."""
    starts = np.append(0, np.flatnonzero(np.diff(annotator)) + 1)
    own = annotator[:, None] == annotator
    usable = np.where((shared >= overlap) & ~own, shared, 0.0)
    np.fill_diagonal(usable, 1.0)
    group = np.full(len(annotator), -1)
    count = 0
    while (group < 0).any():
        best = np.maximum.reduceat(usable, starts, axis=1).sum(axis=1)
        seed = int(np.where(group < 0, best.round(9), -1.0).argmax())
        members = _members(usable[seed], starts)
        group[members] = count
        usable[:, members] = 0.0
        count += 1
    return group


def _members(usable: FloatArray, starts: IndexArray) -> IndexArray:
    parts = np.split(usable, starts[1:])
    return np.array(
        [start + part.argmax() for start, part in zip(starts, parts, strict=True) if part.max() > 0]
    )


def drawn_table(rows: AnswerRows, clusters: Clusters) -> BoolArray:
    """Say which annotator has a region in which cluster: shape (n_clusters, n_annotators)."""
    drawn = np.zeros((len(clusters.task), rows.n_annotators), dtype=np.bool_)
    drawn[clusters.cluster, rows.annotator] = True
    return drawn
