"""Marked parts of a text or a picture: how they overlap, match, and what several voices marked.

Pure. A region is a run of numbers, two for each dimension: low and high. All is done label by
label; nothing depends on the order of regions or voices.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import TypeAlias

Extent: TypeAlias = tuple[tuple[float, float], ...]

# From so much overlap on, two voices mean the same part.
SAME_PART = 0.5


@dataclass(frozen=True, order=True)
class Region:
    """A part with its label: in each dimension, from where to where."""

    extent: Extent
    label: str


@dataclass(frozen=True)
class Marking:
    """What one voice marked, and how much it weighs."""

    regions: tuple[Region, ...]
    weight: float


@dataclass(frozen=True)
class Cluster:
    """What several voices marked alike: one region and weight of each, and the weights' sum."""

    regions: tuple[Region, ...]
    weights: tuple[float, ...]
    label: str
    weight: Fraction


@dataclass(frozen=True)
class _Near:
    """A region that some voice marked, as near another as to mean the same part."""

    share: float
    region: Region
    voice: int


def overlap(one: Extent, other: Extent) -> float:
    """Return intersection over union, 0 to 1."""
    shared = 1.0
    for (low, high), (other_low, other_high) in zip(one, other, strict=True):
        side = min(high, other_high) - max(low, other_low)
        if side <= 0:
            return 0.0
        shared *= side
    return shared / (_size(one) + _size(other) - shared)


def f1_of(ones: Sequence[Region], others: Sequence[Region], *, least_overlap: float) -> float:
    """Return the F1 score of two markings: the share of regions that have a partner.

    Partners have the same label and overlap by `least_overlap` or more; those that overlap most
    become partners first. Two empty markings are the same.
    """
    if not ones and not others:
        return 1.0
    pairs = [
        (-round(share, 9), min(one, other), max(one, other), first, second)
        for first, one in enumerate(ones)
        for second, other in enumerate(others)
        if one.label == other.label
        and (share := overlap(one.extent, other.extent)) >= least_overlap
    ]
    taken_ones: set[int] = set()
    taken_others: set[int] = set()
    for _share, _low, _high, first, second in sorted(pairs):
        if first not in taken_ones and second not in taken_others:
            taken_ones.add(first)
            taken_others.add(second)
    return 2 * len(taken_ones) / (len(ones) + len(others))


def majority_of(markings: Sequence[Marking]) -> list[Cluster]:
    """Return the parts that voices of more than half of the weight marked, heaviest first."""
    half = sum(Fraction(marking.weight) for marking in markings) / 2
    kept = [cluster for cluster in clusters_of(markings) if cluster.weight > half]
    return sorted(kept, key=lambda cluster: (-cluster.weight, cluster.regions))


def clusters_of(markings: Sequence[Marking]) -> Iterator[Cluster]:
    """Group what was marked alike; no voice is twice in a group, no region in two.

    Greedy: a group begins with the region that the heaviest voices are near to (a tie goes to the
    one that starts first), and takes from each voice the region that overlaps it most.
    """
    near = _near_regions(markings)
    weights = [Fraction(marking.weight) for marking in markings]

    def rank(region: Region) -> tuple[Fraction, Region]:
        voices = {each.voice for each in near[region]}
        return -sum((weights[voice] for voice in voices), Fraction(0)), region

    taken: set[tuple[int, Region]] = set()
    for seed in sorted(near, key=rank):
        free = [each for each in near[seed] if (each.voice, each.region) not in taken]
        if any(each.region == seed for each in free):
            members = _nearest_of_each_voice(free)
            taken.update((each.voice, each.region) for each in members)
            yield _cluster(seed.label, members, weights)


def _near_regions(markings: Sequence[Marking]) -> dict[Region, set[_Near]]:
    """Return for each region all those near it, itself too."""
    near: defaultdict[Region, set[_Near]] = defaultdict(set)
    for first, one, second, other in _pairs(markings):
        share = overlap(one.extent, other.extent)
        if share >= SAME_PART:
            near[one].add(_Near(share, other, second))
            near[other].add(_Near(share, one, first))
    return near


def _pairs(markings: Sequence[Marking]) -> Iterator[tuple[int, Region, int, Region]]:
    """Return pairs of regions with the same label that may overlap, each with itself too."""
    by_label: defaultdict[str, list[tuple[Region, int]]] = defaultdict(list)
    for voice, marking in enumerate(markings):
        for region in marking.regions:
            by_label[region.label].append((region, voice))
    for marked in by_label.values():
        marked.sort()
        for place, (one, first) in enumerate(marked):
            end = one.extent[0][1]
            for other, second in marked[place:]:
                if other.extent[0][0] >= end:
                    break  # it begins where this one has ended, and so do all that follow
                yield first, one, second, other


def _nearest_of_each_voice(free: Iterable[_Near]) -> list[_Near]:
    nearest: dict[int, _Near] = {}
    for each in sorted(free, key=lambda each: (-round(each.share, 9), each.region)):
        nearest.setdefault(each.voice, each)
    return list(nearest.values())


def _cluster(label: str, members: Sequence[_Near], weights: Sequence[Fraction]) -> Cluster:
    marked = sorted((each.region, weights[each.voice]) for each in members)
    return Cluster(
        regions=tuple(region for region, _weight in marked),
        weights=tuple(float(weight) for _region, weight in marked),
        label=label,
        weight=sum((weight for _region, weight in marked), Fraction(0)),
    )


def _size(extent: Extent) -> float:
    return prod(high - low for low, high in extent)
