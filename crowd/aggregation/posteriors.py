"""Turn log weights into posteriors, hold them to known answers, temper them, decide."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from crowd.aggregation.arrays import BoolArray, FloatArray, IndexArray

# Posteriors closer than this are a tie: they differ by rounding, not by evidence.
_TIE_DECIMALS = 9
_ROWS_AT_ONCE = 8_192


def normalise(log_weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the posterior (rows sum to 1) and the log of each row's total weight."""
    highest = log_weights.max(axis=1, keepdims=True)
    weights = np.exp(log_weights - highest)
    totals = weights.sum(axis=1, keepdims=True)
    return weights / totals, (highest + np.log(totals))[:, 0]


def temper(log_weights: FloatArray, n_labels: IndexArray, *, correlation: float) -> FloatArray:
    """Return the posterior that n correlated labels justify: shape (n_tasks, n_classes).

    Annotators of one task err together, so n labels weigh as n / (1 + correlation (n - 1))
    independent ones: the design effect of Kish, Survey Sampling (Wiley, 1965), section 5.4.
    The log posterior of a task is divided by 1 + correlation (n - 1); which class leads
    never changes. Use it once, on a finished fit: inside EM it loses accuracy.
    """
    log_posterior = log_weights - normalise(log_weights)[1][:, None]
    design_effect = 1 + correlation * np.maximum(n_labels - 1, 0)
    return normalise(log_posterior / design_effect[:, None])[0]


def decide(posterior: FloatArray) -> IndexArray:
    """Return the leading class of each task; a tie to nine decimals goes to the lower class."""
    leading = np.empty(len(posterior), dtype=np.int64)
    for first in range(0, len(posterior), _ROWS_AT_ONCE):  # So that no second posterior is made.
        some = slice(first, first + _ROWS_AT_ONCE)
        leading[some] = posterior[some].round(_TIE_DECIMALS).argmax(axis=1)
    return leading


def allowed_classes(known: Mapping[int, int] | None, n_tasks: int, n_classes: int) -> BoolArray:
    """Say which classes each task may have: all, or for a known task only its answer.

    Raise ValueError when a task or class index is out of range.
    """
    allowed = np.ones((n_tasks, n_classes), dtype=np.bool_)
    for task, answer in (known or {}).items():
        _check_known(task, answer, n_tasks, n_classes)
        allowed[task] = False
        allowed[task, answer] = True
    return allowed


def clamp(posterior: FloatArray, allowed: BoolArray) -> FloatArray:
    """Return the posterior with certainty where only one class is allowed."""
    is_open = allowed.all(axis=1, keepdims=True)
    return np.where(is_open, posterior, allowed)


def known_classes(
    known: Mapping[int, int] | None, n_tasks: int, n_classes: int
) -> NDArray[np.int16]:
    """Return the class of each task, -1 where it is open: shape (n_tasks,), or (0,) if all are.

    Raise ValueError when a task or class index is out of range.
    """
    if not known:
        return np.empty(0, dtype=np.int16)
    classes = np.full(n_tasks, -1, dtype=np.int16)
    for task, answer in known.items():
        _check_known(task, answer, n_tasks, n_classes)
        classes[task] = answer
    return classes


def _check_known(task: int, answer: int, n_tasks: int, n_classes: int) -> None:
    if not (0 <= task < n_tasks and 0 <= answer < n_classes):
        raise ValueError(f"The known answer {answer} of task {task} is out of range.")
