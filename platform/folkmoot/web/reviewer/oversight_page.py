"""A reviewer's own figures beside the team's range; never a league table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crowd.projects import project_by_id
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.figures import Rate, rate_of
from folkmoot.web.reviewer.wording import ACT_LABELS, ACT_TONES, wording_of
from governance.models import Decision, Review
from governance.overview import own_oversight
from governance.review.counting import TeamRange, latest_reviews, team_range


@dataclass(frozen=True)
class OwnFigures:
    """What the reviewer has done."""

    reviewed: int
    override_rate: Rate
    median_seconds: float | None


@dataclass(frozen=True)
class RecentAct:
    """One of the latest acts."""

    decision_id: str
    case_ref: str
    act_label: str
    tone: str
    sentence: str
    at: datetime


@dataclass(frozen=True)
class OversightView:
    """Everything on the page."""

    mine: OwnFigures
    team: TeamRange
    recent: Sequence[RecentAct]


def oversight_view_of(uow: UnitOfWork, actor: Actor) -> OversightView:
    """Read a reviewer's own figures."""
    own = own_oversight(uow, reviewer_id=actor.id)
    latest = latest_reviews(uow, reviewer_id=actor.id)
    return OversightView(
        mine=OwnFigures(sum(own.by_act.values()), rate_of(own.override_rate), own.median_seconds),
        team=team_range(uow),
        recent=[_recent(uow, review, decision) for review, decision in latest],
    )


def _recent(uow: UnitOfWork, review: Review, decision: Decision) -> RecentAct:
    wording = wording_of(project_by_id(uow, project_id=decision.project_id))
    before, after = wording.words(review.before), wording.words(review.after)
    return RecentAct(
        decision_id=str(decision.id),
        case_ref=decision.case_ref,
        act_label=ACT_LABELS[review.act],
        tone=ACT_TONES[review.act],
        sentence=after if before == after else f"{before} → {after}",
        at=review.decided_at,
    )
