"""Whether an annotator may be given a task now, by the project's state and its limits."""

from datetime import datetime

from crowd.desk import Desk
from crowd.models import ProjectState, Standing
from folkmoot.kernel.errors import Conflict


def check_admission(desk: Desk, now: datetime) -> None:  # noqa: ARG001  # limits come with it
    """Refuse, with the reason for the annotator to read, unless they may have a task at `now`."""
    if desk.state is not ProjectState.OPEN:
        raise Conflict(f"This project is {desk.state.value}: it hands out no tasks now.")
    if desk.standing is Standing.PAUSED:
        raise Conflict(f"Your work in this project is paused. {desk.standing_reason}")
