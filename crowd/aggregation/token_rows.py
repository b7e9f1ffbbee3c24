"""Hold tags of the tokens of sequences, given by annotators."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np

from crowd.aggregation.answer_rows import AnswerRows, check_indices, numbered
from crowd.aggregation.arrays import BoolArray, FloatArray, IndexArray


@dataclass(frozen=True, eq=False)
class TokenRows(AnswerRows):
    """Hold one row per tag: a task is a sequence, its tokens are counted through all.

    token: index of the token, (n_rows,); tag: index of its tag, (n_rows,).
    length: tokens of each sequence, (n_tasks,), in the order of `task_names`.
    tag_names: with "B-x" and "I-x" for the first and the further tokens of a span of
        kind x, and any other name for what is outside.
    """

    kind: ClassVar[str] = "token tags"
    columns: ClassVar[tuple[str, ...]] = ("token", "tag")
    takes_many: ClassVar[bool] = True

    token: IndexArray
    tag: IndexArray
    length: IndexArray
    tag_names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check tokens and tags, and refuse a token that an annotator tagged twice."""
        check_indices(self.token, int(np.sum(self.length)), "token")
        check_indices(self.tag, len(self.tag_names), "tag")
        super().__post_init__()
        same = (np.diff(self.token) == 0) & (np.diff(self.annotator) == 0)
        if same.any():
            who = self.annotator_names[self.annotator[int(np.argmax(same))]]
            raise ValueError(f"Annotator {who!r} tagged a token more than once.")

    @property
    def n_tokens(self) -> int:
        """Count the tokens of all sequences."""
        return int(self.length.sum())

    @property
    def n_tags(self) -> int:
        """Count the tags that a token can have."""
        return len(self.tag_names)

    @cached_property
    def starts(self) -> IndexArray:
        """Return the first token of each sequence that has any."""
        return (np.cumsum(self.length) - self.length)[self.length > 0]

    @cached_property
    def previous(self) -> IndexArray:
        """Return the annotator's own tag just before; n_tags where there is none, (n_rows,)."""
        previous = np.full(self.n_rows, self.n_tags)
        # Rows are sorted by task, annotator and token.
        follows = (np.diff(self.token) == 1) & (np.diff(self.annotator) == 0)
        follows &= np.diff(self.task) == 0
        previous[1:][follows] = self.tag[:-1][follows]
        return previous

    @cached_property
    def votes(self) -> FloatArray:
        """Count the tags of each token: shape (n_tokens, n_tags)."""
        cells = np.bincount(
            self.token * self.n_tags + self.tag, minlength=self.n_tokens * self.n_tags
        )
        return cells.reshape(self.n_tokens, self.n_tags).astype(np.float64)

    @classmethod
    def from_answers(
        cls, answers: Iterable[tuple[str, str, Sequence[str | None]]], *, tags: Sequence[str]
    ) -> Self:
        """Build the rows from (sequence, annotator, tag of each token), None for no tag.

        Raise ValueError where sequences differ in length or a tag is none of `tags`.
        """
        given = [(task, who, list(each)) for task, who, each in answers]
        task, tasks = numbered([row[0] for row in given])
        annotator, annotators = numbered([row[1] for row in given])
        sizes = np.array([len(row[2]) for row in given])
        length = np.zeros(len(tasks), dtype=np.int64)
        length[task] = sizes
        if (length[task] != sizes).any():
            raise ValueError("Two answers to a sequence differ in length.")
        place = {name: index for index, name in enumerate(tags)}
        unknown = {tag for _, _, each in given for tag in each if tag is not None} - set(place)
        if unknown:
            raise ValueError(f"{min(unknown)!r} is none of the tags: {', '.join(place)}.")
        given_tags = [-1 if one is None else place[one] for *_, each in given for one in each]
        tag = np.array(given_tags, dtype=np.int64)
        first = (np.cumsum(length) - length)[task]
        token = np.concatenate(
            [start + np.arange(size) for start, size in zip(first, sizes, strict=True)]
        )
        row = np.repeat(np.arange(len(given)), sizes)[tag >= 0]
        return cls(
            task[row],
            annotator[row],
            tasks,
            annotators,
            token[tag >= 0],
            tag[tag >= 0],
            length,
            tuple(place),
        )

    def _names(self) -> tuple[tuple[str, ...], ...]:
        return *super()._names(), self.tag_names, tuple(map(str, self.length.tolist()))


def allowed_steps(tag_names: Sequence[str]) -> BoolArray:
    """Say which tag may follow which (rows; the last row is the start of a sequence).

    "I-x" follows only "B-x" and "I-x". Shape (n_tags + 1, n_tags).
    """
    allowed = np.ones((len(tag_names) + 1, len(tag_names)), dtype=np.bool_)
    for column, name in enumerate(tag_names):
        if name.startswith("I-"):
            ways = {f"B-{name[2:]}", name}
            allowed[:, column] = [before in ways for before in (*tag_names, "")]
    return allowed
