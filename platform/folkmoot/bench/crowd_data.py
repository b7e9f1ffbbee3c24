"""Real crowds with known truth, read from a folder of folders.

Each crowd is a folder with three files: SOURCE.txt, whose first line says `kind: nominal` or
another kind of answer, with a remark in brackets where there is one; labels.csv (item, worker,
label); and truth.csv (item, label). Both tables may be packed, as labels.csv.gz.

An annotator who answered a task more than once counts with the last answer of the file, as if
they had thought again. (The 97 pairs of ZenCrowd_in that contradict themselves are such.)
"""

import csv
import gzip
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from crowd.aggregation.label_matrix import LabelMatrix
from folkmoot.kernel.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class RealCrowd:
    """Hold one crowd: its labels, and the true class of the tasks where it is known.

    kind: nominal, numeric, sequence, ...
    remark: what SOURCE.txt adds in brackets, such as "ordinal scale", or nothing.
    truth: task index to class index.
    """

    name: str
    kind: str
    remark: str
    matrix: LabelMatrix
    truth: Mapping[int, int]


def read_crowds(
    folder: Path, *, kinds: Collection[str] = ("nominal",), names: Collection[str] = ()
) -> list[RealCrowd]:
    """Read the crowds of these kinds in order of their names, or only those that are named.

    Raise InvalidInput where there is none, or a named one is missing.
    """
    missing = [name for name in names if not (folder / name / "SOURCE.txt").is_file()]
    if missing:
        raise InvalidInput(f"{folder} has no crowd called {', '.join(missing)}.")
    crowds = [
        _read(source.parent, *kind_of(source))
        for source in sorted(folder.glob("*/SOURCE.txt"))
        if (not names or source.parent.name in names) and _holds(source, kinds)
    ]
    if not crowds:
        raise InvalidInput(f"{folder} has no crowd of the kind {' or '.join(kinds)}.")
    return crowds


def kind_of(source: Path) -> tuple[str, str]:
    """Return the kind of answer that SOURCE.txt names, and its remark."""
    first_line = source.read_text(encoding="utf-8").partition("\n")[0]
    kind, _, remark = first_line.removeprefix("kind:").partition("(")
    return kind.strip(), remark.strip(" )")


def rows_of(folder: Path, table: str) -> Iterator[dict[str, str]]:
    """Read the rows of a table, packed or not."""
    with _opened(folder / f"{table}.csv") as file:
        yield from csv.DictReader(file)


def _opened(path: Path) -> TextIO:
    if path.is_file():
        return path.open(encoding="utf-8", newline="")
    return io.TextIOWrapper(gzip.open(f"{path}.gz"), encoding="utf-8", newline="")


def _holds(source: Path, kinds: Collection[str]) -> bool:
    has_labels = any(source.parent.glob("labels.csv*"))
    return has_labels and kind_of(source)[0] in kinds


def _read(folder: Path, kind: str, remark: str) -> RealCrowd:
    truth = {row["item"]: row["label"] for row in rows_of(folder, "truth")}
    last = {(row["item"], row["worker"]): row["label"] for row in rows_of(folder, "labels")}
    classes = sorted({*last.values(), *truth.values()}, key=_by_number)
    matrix = _matrix(last, classes)
    known = matrix.known_indices({task: answer for task, answer in truth.items() if answer})
    return RealCrowd(folder.name, kind, remark, matrix, known)


def _matrix(labels: Mapping[tuple[str, str], str], classes: list[str]) -> LabelMatrix:
    tasks = _indices({task for task, _ in labels})
    annotators = _indices({annotator for _, annotator in labels})
    of_class = {name: index for index, name in enumerate(classes)}
    return LabelMatrix(
        np.array([tasks[task] for task, _ in labels], dtype=np.int32),
        np.array([annotators[annotator] for _, annotator in labels], dtype=np.int32),
        np.array([of_class[label] for label in labels.values()], dtype=np.int16),
        task_names=tuple(tasks),
        annotator_names=tuple(annotators),
        class_names=tuple(classes),
    )


def _indices(names: set[str]) -> dict[str, int]:
    return {name: index for index, name in enumerate(sorted(names, key=_by_number))}


def _by_number(name: str) -> tuple[float, str]:
    """Sort numbers by their size, so that graded classes are in order; names come last."""
    is_number = name.lstrip("-").replace(".", "", 1).isdecimal()
    return (float(name) if is_number else float("inf")), name
