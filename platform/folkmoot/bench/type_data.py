"""Read crowds that answered with more than a class: numbers, tags, boxes, comparisons.

Each crowd is a folder whose tables are described in its SOURCE.txt. Truth is returned beside
the rows, by task index.
"""

import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crowd.aggregation.answer_rows import ComparisonRows, NumberRows
from crowd.aggregation.arrays import FloatArray, IndexArray
from crowd.aggregation.region_rows import RegionRows
from crowd.aggregation.token_rows import TokenRows
from folkmoot.kernel.errors import InvalidInput

_SHARE_OF_FIRST = {"a1": 1.0, "a2": 0.0, "equal": 0.5}


@dataclass(frozen=True, eq=False)
class Numbers:
    """Hold numbers and the true one of each task."""

    rows: NumberRows
    truth: FloatArray


@dataclass(frozen=True, eq=False)
class Tags:
    """Hold tags, the true one of each token, and whether anybody tagged it."""

    rows: TokenRows
    truth: IndexArray


@dataclass(frozen=True, eq=False)
class Boxes:
    """Hold boxes, and those of an expert for the tasks that one looked at."""

    rows: RegionRows
    truth: Mapping[int, FloatArray]


def read_numbers(folder: Path) -> Numbers:
    """Read labels.csv and truth.csv (item, label), where labels are numbers."""
    labels = list(_table(folder, "labels"))
    rows = NumberRows.from_answers((r["item"], r["worker"], float(r["label"])) for r in labels)
    truth = {row["item"]: float(row["label"]) for row in _table(folder, "truth")}
    return Numbers(rows, np.array([truth[name] for name in rows.task_names]))


def read_tags(folder: Path) -> Tags:
    """Read tags of items called document#line; where a line is missing, a sentence ends."""
    truth = {row["item"]: row["label"] for row in _table(folder, "truth")}
    sentences = _sentences(sorted(truth, key=_place))
    where = {
        item: (name, place) for name, items in sentences.items() for place, item in enumerate(items)
    }
    written: dict[tuple[str, str], list[str | None]] = {}
    for row in _table(folder, "labels"):
        name, place = where[row["item"]]
        answer = written.setdefault((name, row["worker"]), [None] * len(sentences[name]))
        answer[place] = row["label"]
    rows = TokenRows.from_answers(
        ((name, worker, answer) for (name, worker), answer in written.items()),
        # Ties go to the first: to a span rather than to none.
        tags=sorted(set(truth.values())),
    )
    place_of = {tag: index for index, tag in enumerate(rows.tag_names)}
    true_tags = [place_of[truth[item]] for name in rows.task_names for item in sentences[name]]
    return Tags(rows, np.array(true_tags))


def read_boxes(folder: Path) -> Boxes:
    """Read answers.csv (item, worker) and boxes.csv (x, y, w, h), and the experts' of each."""
    drawn = _boxes_of(folder, "boxes")
    rows = RegionRows.from_answers(
        (row["item"], row["worker"], [("", box) for box in drawn[row["item"], row["worker"]]])
        for row in _table(folder, "answers")
    )
    place = {name: index for index, name in enumerate(rows.task_names)}
    expert = _boxes_of(folder, "expert_boxes")
    truth = {
        place[row["item"]]: np.array(expert[row["item"], row["worker"]]).reshape(-1, 4)
        for row in _table(folder, "expert_answers")
        if row["item"] in place
    }
    return Boxes(rows, truth)


def read_pairs(folder: Path) -> list[tuple[str, str, str, float]]:
    """Read pairs.csv as (annotator, first item, second item, share of the first)."""
    return [
        (
            row["worker"],
            f"{row['topic']}/{row['left']}",
            f"{row['topic']}/{row['right']}",
            _SHARE_OF_FIRST[row["label"]],
        )
        for row in _table(folder, "pairs")
    ]


def comparisons_of(answers: list[tuple[str, str, str, float]]) -> ComparisonRows:
    """Return the answers as rows."""
    return ComparisonRows.from_answers(answers)


def _table(folder: Path, name: str) -> Iterator[dict[str, str]]:
    plain, packed = folder / f"{name}.csv", folder / f"{name}.csv.gz"
    if plain.is_file():
        yield from csv.DictReader(io.StringIO(plain.read_text(encoding="utf-8")))
    elif packed.is_file():
        yield from csv.DictReader(io.StringIO(gzip.decompress(packed.read_bytes()).decode()))
    else:
        raise InvalidInput(f"{folder.name} has no table {name}.csv.")


def _place(item: str) -> tuple[str, int]:
    document, _, line = item.rpartition("#")
    return document, int(line)


def _sentences(items: list[str]) -> dict[str, list[str]]:
    """Cut sorted items where the next line is missing; name each sentence by its first item."""
    sentences: dict[str, list[str]] = {}
    expected = ("", 0)
    for item in items:
        document, line = _place(item)
        if (document, line) != expected:
            sentence = sentences.setdefault(f"{document}#{line:06}", [])
        sentence.append(item)
        expected = (document, line + 1)
    return sentences


def _boxes_of(folder: Path, name: str) -> defaultdict[tuple[str, str], list[list[float]]]:
    boxes = defaultdict[tuple[str, str], list[list[float]]](list)
    for row in _table(folder, name):
        left, top, width, height = (float(row[side]) for side in ("x", "y", "w", "h"))
        boxes[row["item"], row["worker"]].append([left, top, left + width, top + height])
    return boxes
