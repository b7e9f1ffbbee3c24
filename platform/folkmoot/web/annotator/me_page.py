"""What the annotator's own page shows: pay and time, quality in plain words, and one's choices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from audit.erasure_requests import last_request_of
from audit.models import ErasureRequest
from crowd.admission import FLAG_WORDS
from crowd.models import ContentFlag
from crowd.preferences import preferences_of
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.annotator.me_pay import PayView, pay_view_of
from folkmoot.web.annotator.me_quality import (
    ContestableView,
    NoticedView,
    QualityView,
    contestable_views_of,
    noticed_views_of,
    quality_views_of,
)


@dataclass(frozen=True)
class FlagChoice:
    """One kind of sensitive content, in words, and whether it was chosen."""

    value: str
    label: str
    is_accepted: bool


@dataclass(frozen=True)
class MeView:
    """The annotator's own page."""

    pay: PayView
    quality: Sequence[QualityView]
    noticed: Sequence[NoticedView]
    contestable: Sequence[ContestableView]
    flags: Sequence[FlagChoice]
    erasure: ErasureRequest | None


def me_view_of(uow: UnitOfWork, actor: Actor, *, before: date | None) -> MeView:
    """Return an annotator's own page, with the earnings before a day or the latest."""
    return MeView(
        pay=pay_view_of(uow, actor.id, before=before),
        quality=quality_views_of(uow, actor.id),
        noticed=noticed_views_of(uow, actor.id),
        contestable=contestable_views_of(uow, actor.id),
        flags=_flags(uow, actor),
        erasure=last_request_of(uow, person_id=actor.id),
    )


def _flags(uow: UnitOfWork, actor: Actor) -> list[FlagChoice]:
    accepted = preferences_of(uow, annotator_id=actor.id).accepted_flags
    return [FlagChoice(flag.value, words, flag in accepted) for flag, words in _LABELS]


_LABELS: Sequence[tuple[ContentFlag, str]] = [
    (flag, words[:1].upper() + words[1:]) for flag, words in FLAG_WORDS.items()
]
