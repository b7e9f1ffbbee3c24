"""Consensus for spans that do not overlap: the words of a text as a sequence of tags."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from crowd.aggregation import SequenceCrowd, TokenRows
from crowd.aggregation.arrays import FloatArray
from crowd.consensus_estimates import (
    agreement_by_likeness,
    by_task,
    estimates_of,
    require_enough,
    solution_of,
    with_known,
)
from crowd.consensus_parts import expected_f1
from crowd.consensus_problem import ConsensusProblem, ConsensusSolution, UnfitError
from crowd.consensus_regions import LEAST_CHANCE, Part, answer_of_parts
from crowd.task_types.regions import Region
from crowd.task_types.spans import Spans
from folkmoot.kernel.json_values import Json

OUTSIDE = "O"
_WORD = re.compile(r"\w+|[^\w\s]")
# A span that nobody thinks likelier need not be reckoned with.
_LEAST_THOUGHT_OF = 0.01


@dataclass(frozen=True)
class _Text:
    """The pieces of one text: where each starts and ends, by characters."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def pieces_in(self, region: Region) -> range:
        """Return the pieces that a span covers; none where it covers no more than spaces."""
        start, end = region.extent[0]
        first = bisect_right(self.ends, start)
        return range(first, max(first, bisect_left(self.starts, end)))


def solve_by_sequences(problem: ConsensusProblem, kind: Spans) -> ConsensusSolution:
    """Tag each word by a hidden chain of true tags, and read the spans of the best path."""
    require_enough(problem)
    answers = by_task(problem)
    if any(_overlap(kind.parts_of(said)) for given in answers.values() for said in given.values()):
        raise UnfitError("Some spans overlap, and a word can have one tag only.")
    texts = {task: _text_of(problem, kind, task, given) for task, given in answers.items()}
    names = [f"{way}-{label}" for label in _labels(problem, kind) for way in "BI"]
    rows = TokenRows.from_answers(
        (
            (task, who, _tags(texts[task], kind.parts_of(said)))
            for task, given in answers.items()
            for who, said in given.items()
        ),
        tags=[*sorted(names), OUTSIDE],
    )
    fitted = SequenceCrowd().fit(rows)
    read = _Reading(rows, fitted, texts)
    tasks = [
        answer_of_parts(problem, kind, task, read.parts(task), len(answers[task]))
        for task in rows.task_names
    ]
    return solution_of(
        problem,
        fitted,
        with_known(problem, tasks, lambda answer: (1.0,) * len(kind.parts_of(answer))),
        estimates_of(problem, kind, _chances(kind, answers, read), {}),
        agreement_by_likeness(problem, kind),
        least_chance=LEAST_CHANCE,
    )


class _Reading:
    """Read what a fit says of each text."""

    def __init__(self, rows: TokenRows, fitted: SequenceCrowd, texts: Mapping[str, _Text]) -> None:
        self._rows = rows
        self._texts = texts
        self._offset = dict(
            zip(rows.task_names, (np.cumsum(rows.length) - rows.length).tolist(), strict=True)
        )
        self._length = dict(zip(rows.task_names, rows.length.tolist(), strict=True))
        self._tags = fitted.tags_
        self._posterior = fitted.posterior_
        self._column = {name: index for index, name in enumerate(rows.tag_names)}

    def parts(self, task: str) -> list[Part]:
        """Return the spans of the best path, and those that may begin elsewhere."""
        text, inside = self._texts[task], self._inside(task)
        tags = [self._rows.tag_names[tag] for tag in self._tags[inside].tolist()]
        found = [
            Part(Region(((text.starts[first], text.ends[last]),), label), chance)
            for first, last, label in _spans_of(tags)
            for chance in [self._chance(task, range(first, last + 1), label)]
        ]
        begun = {place for place, tag in enumerate(tags) if tag != OUTSIDE}
        return found + [
            Part(Region(((text.starts[place], text.ends[place]),), label), chance)
            for place, label, chance in self._beginnings(task)
            if place not in begun and chance < LEAST_CHANCE
        ]

    def chances(self, task: str, regions: Iterable[Region]) -> list[float]:
        """Return the chance that each span is there."""
        text = self._texts[task]
        return [self._chance(task, text.pieces_in(each), each.label) for each in regions]

    def expected(self, task: str) -> float:
        """Return how many spans a text has, as far as the chances say."""
        return sum(chance for _, _, chance in self._beginnings(task))

    def _inside(self, task: str) -> slice:
        return slice(self._offset[task], self._offset[task] + self._length[task])

    def _chance(self, task: str, pieces: range, label: str) -> float:
        if not pieces:
            return 0.0
        chances: FloatArray = self._posterior[self._inside(task)]
        begins = chances[pieces[:1], self._column[f"B-{label}"]]
        goes_on = chances[pieces[1:], self._column[f"I-{label}"]]
        # No more than the least of its words: their errors are one and the same.
        return float(np.concatenate([begins, goes_on]).min())

    def _beginnings(self, task: str) -> Iterator[tuple[int, str, float]]:
        chances = self._posterior[self._inside(task)]
        for name, column in self._column.items():
            if name.startswith("B-"):
                for place in np.flatnonzero(chances[:, column] >= _LEAST_THOUGHT_OF).tolist():
                    yield place, name[2:], float(chances[place, column])


def _labels(problem: ConsensusProblem, kind: Spans) -> list[str]:
    return [choice.value for choice in kind.known_schema(problem.schema).classes]


def _text_of(problem: ConsensusProblem, kind: Spans, task: str, given: Mapping[str, Json]) -> _Text:
    """Cut a text into words and signs, and wherever somebody set the end of a span."""
    text = str(problem.material.get(task, ""))
    cuts = {
        int(place)
        for said in given.values()
        for region in kind.parts_of(said)
        for place in region.extent[0]
    }
    starts, ends = [], []
    for word in _WORD.finditer(text):
        within = sorted(cut for cut in cuts if word.start() < cut < word.end())
        for start, end in pairwise([word.start(), *within, word.end()]):
            starts.append(start)
            ends.append(end)
    if not starts:
        raise UnfitError("A task has no words.")
    return _Text(tuple(starts), tuple(ends))


def _tags(text: _Text, regions: Sequence[Region]) -> list[str | None]:
    tags: list[str | None] = [OUTSIDE] * len(text.starts)
    for region in regions:
        for number, piece in enumerate(text.pieces_in(region)):
            tags[piece] = f"{'I' if number else 'B'}-{region.label}"
    return tags


def _spans_of(tags: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Yield first and last piece and label of each span; a hidden chain begins each with B."""
    first = 0
    for place, (tag, after) in enumerate(pairwise([*tags, OUTSIDE])):
        if tag.startswith("B-"):
            first = place
        if tag != OUTSIDE and not after.startswith("I-"):
            yield first, place, tag[2:]


def _overlap(regions: Sequence[Region]) -> bool:
    ordered = sorted(region.extent[0] for region in regions)
    return any(one[1] > other[0] for one, other in pairwise(ordered))


def _chances(
    kind: Spans, answers: Mapping[str, Mapping[str, Json]], read: _Reading
) -> dict[tuple[str, str], float]:
    """Return the F1 score that each answer may expect; answers that stand alone have none."""
    chances: dict[tuple[str, str], float] = {}
    for task, given in answers.items():
        if len(given) < 2:
            continue
        expected = read.expected(task)
        for who, said in given.items():
            drawn = read.chances(task, kind.parts_of(said))
            chances[task, who] = expected_f1(drawn, expected)
    return chances
