"""Keep the consensus of all tasks up to date, one label at a time, in microseconds."""

from collections.abc import Hashable, Iterable, Mapping
from math import exp, log
from typing import ClassVar, Self

import numpy as np

from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.parameters import require_positive
from crowd.aggregation.reliability import NEWCOMER


class _Annotator:
    """What is expected of an annotator: labels by true class, and how many are right."""

    __slots__ = ("by_class", "counts", "right", "total")

    def __init__(self, n_classes: int) -> None:
        self.counts = [0.0] * (n_classes * n_classes)  # true class * n_classes + label
        self.by_class = [0.0] * n_classes
        self.right = 0.0
        self.total = 0


class _Task:
    """The labels of a task and what is believed of it."""

    __slots__ = ("is_known", "posterior", "votes")

    def __init__(self, posterior: list[float], *, is_known: bool) -> None:
        self.votes: list[tuple[Hashable, _Annotator, int]] = []
        self.posterior = posterior
        self.is_known = is_known


class OnlineConsensus:
    """Learn annotators' confusion matrices and the tasks' classes while labels arrive.

    A label changes its task and the annotators of that task, nothing else: the task is taken
    out of what is known of them, judged by what they did elsewhere, and put back. So nobody is
    believed for agreeing with themselves, and a label costs as much as its task has labels.
    Other tasks of these annotators follow when they are asked for: `posterior` always uses what
    is known of the annotators by then.

    Order: labels count in the order in which they come, and another order gives a slightly other
    state, since early labels are judged with less knowledge. The same labels in the same order
    give the same state, bit by bit, by `partial_fit` or by `fit`. `sweep` judges every task
    once more; a few sweeps take away most of what the order did.

    n_classes: labels are 0 to n_classes - 1.
    known: answers of gold tasks, by task.
    shrinkage: labels' worth of pull, in every row, of an annotator's confusion matrix towards
        that annotator's own one-coin matrix (see confusion.py).
    correlation: how much the annotators of one task err together; tempers `posterior` alone.

    Asuncion, Welling, Smyth and Teh, On Smoothing and Inference for Topic Models, UAI 2009 (the
    update that leaves out its own counts, CVB0), for the model of dawid_skene.py; Neal and
    Hinton, A View of the EM Algorithm that Justifies Incremental, Sparse, and Other Variants,
    in Learning in Graphical Models, 1998 (one item at a time).
    """

    name: ClassVar[str] = "online"
    version: ClassVar[str] = "1"

    def __init__(
        self,
        n_classes: int,
        *,
        known: Mapping[Hashable, int] | None = None,
        shrinkage: float = 3.0,
        class_tasks: float = 1.0,
        correlation: float = 0.5,
    ) -> None:
        require_positive(n_classes=n_classes, shrinkage=shrinkage, class_tasks=class_tasks)
        if not 0 <= correlation <= 1:
            raise ValueError("correlation must lie in 0 to 1.")
        if not set((known or {}).values()) <= set(range(n_classes)):
            raise ValueError(f"A known answer is not in 0 to {n_classes - 1}.")
        self.n_classes = n_classes
        self.known = dict(known or {})
        self.shrinkage = shrinkage
        self.class_tasks = class_tasks
        self.correlation = correlation
        self._forget()

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again, but for what is known."""
        return {
            "n_classes": self.n_classes,
            "shrinkage": self.shrinkage,
            "class_tasks": self.class_tasks,
            "correlation": self.correlation,
        }

    def fit(self, labels: Iterable[tuple[Hashable, Hashable, int]]) -> Self:
        """Forget everything and take these labels (task, annotator, class) in their order."""
        self._forget()
        for task, annotator, label in labels:
            self.partial_fit(task, annotator, label)
        return self

    def partial_fit(self, task: Hashable, annotator: Hashable, label: int) -> Self:
        """Take in one label. Raise ValueError for no class, or a second label of theirs."""
        if label not in range(self.n_classes):
            raise ValueError(f"The label {label} is not in 0 to {self.n_classes - 1}.")
        its_task = self._tasks.get(task) or self._new_task(task)
        if any(name == annotator for name, _, _ in its_task.votes):
            raise ValueError(f"Annotator {annotator!r} labelled task {task!r} more than once.")
        who = self._annotators.get(annotator) or _Annotator(self.n_classes)
        self._tasks[task], self._annotators[annotator] = its_task, who
        log_weights = self._log_weights(its_task)
        self._weigh(log_weights, who, label, self._nothing, 0)
        self._revise(its_task, log_weights)
        self._learn(who, label, its_task.posterior, 1)
        if not its_task.votes:
            self._learn_classes(its_task.posterior)
        its_task.votes.append((annotator, who, label))
        return self

    def sweep(self) -> float:
        """Judge every task once more; return the most that a probability changed."""
        most = 0.0
        for task in self._tasks.values():
            before = task.posterior
            self._revise(task, self._log_weights(task))
            moved = (abs(new - old) for new, old in zip(task.posterior, before, strict=True))
            most = max(most, *moved)
        return most

    def posterior(self, task: Hashable) -> FloatArray:
        """Return the tempered probability of each class of a task, shape (n_classes,).

        A task without labels is as likely of each class as tasks are.
        """
        its_task = self._tasks.get(task) or self._new_task(task)
        if its_task.is_known:
            return np.array(its_task.posterior)
        effect = 1 + self.correlation * max(len(its_task.votes) - 1, 0)
        log_weights = self._log_weights(its_task)
        return np.array(_normalised([weight / effect for weight in log_weights]))

    def reliability(self, annotator: Hashable) -> float:
        """Return the probability that an annotator answers right, for a newcomer the prior."""
        who = self._annotators.get(annotator) or _Annotator(self.n_classes)
        return _skill(who.right, who.total)

    def confusion(self, annotator: Hashable) -> FloatArray:
        """Return the chance of each label (last axis) given the true class."""
        who = self._annotators.get(annotator) or _Annotator(self.n_classes)
        size, skill = self.n_classes, _skill(who.right, who.total)
        slip = (1 - skill) / max(size - 1, 1)
        coin = np.full((size, size), slip) + np.eye(size) * (skill - slip if size > 1 else 1)
        counts = np.array(who.counts).reshape(size, size) + self.shrinkage * coin
        return np.asarray(counts / counts.sum(axis=1, keepdims=True))

    def _forget(self) -> None:
        self._annotators: dict[Hashable, _Annotator] = {}
        self._tasks: dict[Hashable, _Task] = {}
        self._class_counts = [0.0] * self.n_classes
        self._nothing = [0.0] * self.n_classes

    def _new_task(self, name: Hashable) -> _Task:
        answer = self.known.get(name)
        if answer is None:
            return _Task([1 / self.n_classes] * self.n_classes, is_known=False)
        return _Task([float(answer == each) for each in range(self.n_classes)], is_known=True)

    def _log_weights(self, task: _Task) -> list[float]:
        """Weigh the classes by what is known without this task."""
        own, prior = task.posterior if task.votes else self._nothing, self.class_tasks
        counts = zip(self._class_counts, own, strict=True)
        # Rounding may leave a count a trace below zero.
        log_weights = [log(max(count - mine, 0.0) + prior) for count, mine in counts]
        for _, who, label in task.votes:
            self._weigh(log_weights, who, label, own, 1)
        return log_weights

    def _weigh(
        self, log_weights: list[float], who: _Annotator, label: int, own: list[float], n_own: int
    ) -> None:
        """Add what a label says; `own` and `n_own` are what the task has told of who gave it."""
        size, pull = self.n_classes, self.shrinkage
        skill = _skill(who.right - own[label], who.total - n_own)
        slip = pull * (1 - skill) / max(size - 1, 1)
        counts, by_class, cell = who.counts, who.by_class, label
        for true_class, mine in enumerate(own):
            coin = pull * skill if true_class == label else slip
            # By the matrix of confusion.py, with the mean of the skill for its mode.
            log_weights[true_class] += log(
                (max(counts[cell] - mine, 0.0) + coin) / (by_class[true_class] - mine + pull)
            )
            cell += size

    def _revise(self, task: _Task, log_weights: list[float]) -> None:
        """Believe these weights, and teach the change to whom the task has taught already."""
        if task.is_known:
            return
        old, task.posterior = task.posterior, _normalised(log_weights)
        change = [new - before for new, before in zip(task.posterior, old, strict=True)]
        for _, who, label in task.votes:
            self._learn(who, label, change, 0)
        if task.votes:
            self._learn_classes(change)

    def _learn(self, who: _Annotator, label: int, change: list[float], n_labels: int) -> None:
        counts, by_class, cell = who.counts, who.by_class, label
        for true_class, chance in enumerate(change):
            counts[cell] += chance
            by_class[true_class] += chance
            cell += self.n_classes
        who.right += change[label]
        who.total += n_labels

    def _learn_classes(self, change: list[float]) -> None:
        for true_class, chance in enumerate(change):
            self._class_counts[true_class] += chance


def _skill(right: float, total: int) -> float:
    return (right + NEWCOMER.right) / (total + NEWCOMER.right + NEWCOMER.wrong)


def _normalised(log_weights: list[float]) -> list[float]:
    highest = max(log_weights)
    weights = [exp(weight - highest) for weight in log_weights]
    total = sum(weights)
    return [weight / total for weight in weights]
