"""The officer's first page: whether the record holds, and what became of the decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias
from urllib.parse import urlencode

from flask import url_for

from audit.actions import Action
from audit.searching import LogHealth, entries, log_health
from folkmoot.identity.naming import names_of
from folkmoot.kernel import clock
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.figures import Rate, rate_of
from folkmoot.web.officer.conclusions import verdict_of
from folkmoot.web.officer.fates import FATE_OF, FATES, OVERDUE
from folkmoot.web.officer.findings import WrongEntry, wrong_entries
from folkmoot.web.officer.report_list import title_of
from folkmoot.web.officer.telling import EntryLine, lines_of
from governance.models import DecisionState
from governance.naming import subject_names
from governance.overview import Oversight, Period, oversight
from governance.reporting import reports

PERIOD_DAYS = 30
PERIOD_TEXT = f"the last {PERIOD_DAYS} days"
# The entry that tells of a decision when it is made, whichever way it went.
MADE = "decision.*"


# Counts by fate, `day_text`, and `urls` by fate; what `day_columns` draws.
DayView: TypeAlias = dict[str, str | int | dict[str, str]]


@dataclass(frozen=True)
class HealthView:
    """How the log is, in a sentence."""

    is_well: bool
    sentence: str
    detail: str
    verified_at: datetime | None
    verified_by: str | None
    findings: tuple[WrongEntry, ...] = ()


@dataclass(frozen=True)
class Figures:
    """The decisions of the period in numbers, and where the entries behind each are."""

    decisions: int
    released: int
    waiting: int
    overdue: int
    override_rate: Rate
    median_seconds: float | None
    override_sentence: str | None
    urls: Mapping[str, str]


@dataclass(frozen=True)
class FindingView:
    """What one report says, in a line."""

    title: str
    sentence: str
    tone: str
    url: str


@dataclass(frozen=True)
class OverviewView:
    """Everything on the page."""

    health: HealthView
    period_text: str
    figures: Figures
    days: Sequence[DayView]
    findings: Sequence[FindingView]
    recent: Sequence[EntryLine]


def overview_of(uow: UnitOfWork) -> OverviewView:
    """Read what the page shows."""
    # Whole days, so that a link that names the first of them leads to the same decisions.
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=PERIOD_DAYS - 1)
    found = oversight(uow, period=Period(since=since))
    overrides = entries(uow, action=Action.REVIEW_OVERRIDDEN, wanted=PageRequest(limit=8))
    return OverviewView(
        health=health_of(uow, log_health(uow)),
        period_text=PERIOD_TEXT,
        figures=_figures(found, since.date()),
        days=_days(found),
        findings=_findings(uow),
        recent=lines_of(uow, overrides.items),
    )


def health_of(uow: UnitOfWork, health: LogHealth) -> HealthView:
    """Say how far the log is verified, and what is pending."""
    check = health.last_verification
    if check is None:
        return HealthView(False, "The log was never verified", _pending(health), None, None)
    sentence = f"The log is verified up to {check.size:,} entries"
    if check.findings:
        sentence = f"The last check found {len(check.findings)} wrong in the log"
    return HealthView(
        is_well=not check.findings,
        sentence=sentence,
        detail=_pending(health),
        verified_at=check.verified_at,
        verified_by=names_of(uow, [check.verified_by])[check.verified_by],
        findings=wrong_entries(check.findings),
    )


def _pending(health: LogHealth) -> str:
    check = health.last_verification
    since = health.size - check.size if check else 0
    sealed = f"Sealed since: {since:,}." if since else ""
    waiting = f"Not sealed yet: {health.unsealed:,}." if health.unsealed else "Nothing is pending."
    return f"{waiting} {sealed}".strip()


def _figures(found: Oversight, first: date) -> Figures:
    quality = found.override_quality
    return Figures(
        decisions=found.decisions,
        released=found.by_state[DecisionState.RELEASED],
        waiting=found.by_state[DecisionState.HELD],
        overdue=found.overdue,
        override_rate=rate_of(found.override_rate),
        median_seconds=found.median_seconds,
        override_sentence=(
            f"Of {quality.known} overrides whose outcome is known, "
            f"{quality.overrides_right} were right."
            if quality.known
            else None
        ),
        urls={
            "decisions": _entries_of(MADE, first),
            "released": _entries_of(MADE, first, fate="released"),
            "waiting": _entries_of(MADE, first, fate="waiting"),
            "overdue": _entries_of(MADE, first, fate=OVERDUE),
            "overridden": _entries_of(Action.REVIEW_OVERRIDDEN, first),
            "reviews": _entries_of("review.*", first),
        },
    )


def _entries_of(action: str, decided: date, **more: str) -> str:
    """Return where the entries are that tell of the decisions since a day."""
    query = {"action": str(action), "decided": decided.isoformat(), **more}
    return f"{url_for('officer.log')}?{urlencode(query)}"


def _days(found: Oversight) -> list[DayView]:
    """Return a column for each day, also those without a decision between the first and last."""
    counts: dict[date, dict[str, int]] = {}
    for day, state, count in found.by_day:
        fates = counts.setdefault(day, dict.fromkeys(FATES, 0))
        fates[FATE_OF[state]] += count
    if not counts:
        return []
    first, last = min(counts), max(counts)
    days = [first + timedelta(days=passed) for passed in range((last - first).days + 1)]
    nothing = dict.fromkeys(FATES, 0)
    return [
        {"day_text": f"{day:%d %b}", "urls": _day_urls(day), **counts.get(day, nothing)}
        for day in days
    ]


def _day_urls(day: date) -> dict[str, str]:
    only = {"action": MADE, "since": day.isoformat(), "until": day.isoformat()}
    log = url_for("officer.log")
    return {fate: f"{log}?{urlencode({**only, 'fate': fate})}" for fate in FATES}


def _findings(uow: UnitOfWork) -> list[FindingView]:
    page = reports(uow, wanted=PageRequest(limit=6))
    names = subject_names(uow, [("report", row.id) for row in page.items])
    return [
        FindingView(
            title=title_of(row, names[row.id]),
            sentence=verdict_of(row).sentence,
            tone=verdict_of(row).tone,
            url=url_for("officer.report", report_id=row.id),
        )
        for row in page.items
        if row.state is WorkState.FINISHED
    ]
