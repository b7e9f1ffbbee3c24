"""What stopping early saved, and what it costs on gold, in words."""

from dataclasses import dataclass

from crowd.accuracy import Accuracy
from crowd.early_stopping import FEWEST_GOLD, EarlyStopping
from crowd.progress import ProjectProgress
from folkmoot.web.figures import Rate


@dataclass(frozen=True)
class Saving:
    """Labels saved against asking to the ceiling every time, and the error paid for it.

    early, full: how often the consensus is right on gold, if the project stops early and if it
        asks to the ceiling; None where too little gold has enough labels.
    sentence: what is paid, or why it is not estimable.
    """

    n_labels: int
    share: float | None
    ceiling: int
    early: Rate | None
    full: Rate | None
    sentence: str


def saving_of(progress: ProjectProgress) -> Saving:
    """Return what stopping early saved in a project."""
    found = progress.stopping
    return Saving(
        n_labels=progress.labels_saved,
        share=progress.saved_share,
        ceiling=found.ceiling,
        early=rate_of(found.early),
        full=rate_of(found.full),
        sentence=_sentence(found),
    )


def rate_of(found: Accuracy | None) -> Rate | None:
    """Return a share with its exact limits as pages show it, or None where nothing was counted."""
    if found is None or found.accuracy is None:
        return None
    return Rate(found.accuracy, found.low, found.high, found.n_right, found.n_cases)


def _sentence(found: EarlyStopping) -> str:
    paid = found.error_paid
    if paid is None or found.labels_early is None:
        return (
            f"Not estimable yet: {found.n_gold} of {FEWEST_GOLD} checked tasks that it takes have "
            f"{found.ceiling} labels."
        )
    asked = (
        f"On {found.n_gold:,} checked tasks the rule stops after {found.labels_early:.1f} labels "
        f"of {found.ceiling}."
    )
    if not found.lost and not found.won:
        return f"{asked} Asking on would not have changed how many are right."
    return (
        f"{asked} Asking on would have mended {_tasks(found.lost)} and spoilt "
        f"{_tasks(found.won)}: the error paid is {paid:+.1%}.".replace("%", "\u202f%")
    )


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count:,} tasks"
