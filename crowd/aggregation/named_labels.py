"""Turn labels that are written with names into indices."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Row = tuple[str, str, str]
Indexed = tuple[
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.int16],
    tuple[str, ...],
    tuple[str, ...],
    tuple[str, ...],
]


def indexed(rows: Sequence[Row], classes: Sequence[str]) -> Indexed:
    """Return tasks, annotators and classes of (task, annotator, class) rows, and their names.

    Raise ValueError that names the row when a name is missing or a label is none of `classes`;
    and when there are no labels.
    """
    if not rows:
        raise ValueError("There are no labels.")
    class_index = {name: index for index, name in enumerate(classes)}
    for row in rows:
        _check_row(row, class_index)
    task_index = _index_of({task for task, _, _ in rows})
    annotator_index = _index_of({annotator for _, annotator, _ in rows})
    return (
        np.array([task_index[task] for task, _, _ in rows], dtype=np.int32),
        np.array([annotator_index[annotator] for _, annotator, _ in rows], dtype=np.int32),
        np.array([class_index[label] for _, _, label in rows], dtype=np.int16),
        tuple(task_index),
        tuple(annotator_index),
        tuple(classes),
    )


def known_indices(
    gold: Mapping[str, str], tasks: Sequence[str], classes: Sequence[str]
) -> dict[int, int]:
    """Translate gold answers by name to indices, leaving out what is none of `tasks`.

    Raise ValueError for an answer that is none of the classes.
    """
    class_index = {name: index for index, name in enumerate(classes)}
    for task, answer in gold.items():
        if answer not in class_index:
            raise ValueError(f"The gold answer {answer!r} of task {task!r} is no class.")
    return {index: class_index[gold[name]] for index, name in enumerate(tasks) if name in gold}


def _index_of(names: set[str]) -> dict[str, int]:
    return {name: index for index, name in enumerate(sorted(names))}


def _check_row(row: Row, class_index: Mapping[str, int]) -> None:
    task, annotator, label = row
    if not (isinstance(task, str) and isinstance(annotator, str) and task and annotator):
        raise ValueError(f"A label lacks its task or its annotator: {row!r}.")
    if label is None or label == "":
        raise ValueError(f"The label of annotator {annotator!r} on task {task!r} is missing.")
    if label not in class_index:
        raise ValueError(
            f"Annotator {annotator!r} labelled task {task!r} as {label!r}, "
            f"which is none of the classes: {', '.join(class_index)}."
        )
