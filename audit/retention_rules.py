"""How long entries and their texts are kept, class by class, and which laws say so.

Two rules settle what laws disagree about: of an entry the longest minimum counts, of a personal
text the shortest maximum. So a text can go while what was recorded of it stays, and is proven.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import select

from audit.actions import Action
from audit.erasing import Text
from audit.models import RecordClass, RetentionRule
from audit.recording import record
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import InvalidInput, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = [
    "ACCOUNTABLE",
    "DEMANDS",
    "Demand",
    "Periods",
    "actions_of",
    "class_called",
    "class_of",
    "combined",
    "demand_called",
    "periods_of",
    "set_periods",
    "text_minimum_ends",
]

# EU AI Act, Articles 19 and 26(6): at least six months, whatever anybody sets.
FLOOR_DAYS = 183
YEAR_DAYS = 366

_CLASS_OF_PREFIX = {
    "sign_in": RecordClass.SIGN_INS,
    "account": RecordClass.ACCOUNTS,
    "token": RecordClass.ACCOUNTS,
    "oauth_client": RecordClass.ACCOUNTS,
    "policy": RecordClass.DECISIONS,
    "model": RecordClass.DECISIONS,
    "model_version": RecordClass.DECISIONS,
    "decision": RecordClass.DECISIONS,
    "decisions": RecordClass.DECISIONS,
    "review": RecordClass.DECISIONS,
    "report": RecordClass.DECISIONS,
    "log": RecordClass.THE_LOG,
    "backup": RecordClass.THE_LOG,
    "person": RecordClass.THE_LOG,
    "retention": RecordClass.THE_LOG,
    "legal_hold": RecordClass.THE_LOG,
}


@dataclass(frozen=True)
class Periods:
    """For how many days a class of entries is kept, and its texts.

    `text_minimum_days`: before that, a text is not erased on request either.
    """

    entry_days: int
    text_days: int
    text_minimum_days: int = 0


@dataclass(frozen=True)
class Demand:
    """What one law says of a class; 0 days, or no maximum, where it says nothing."""

    record_class: RecordClass
    law: str
    entry_minimum_days: int = 0
    text_maximum_days: int | None = None
    text_minimum_days: int = 0


DEFAULTS: Mapping[RecordClass, Periods] = {
    RecordClass.DECISIONS: Periods(4 * YEAR_DAYS, 4 * YEAR_DAYS),
    RecordClass.CROWD: Periods(4 * YEAR_DAYS, 2 * YEAR_DAYS),
    RecordClass.ACCOUNTS: Periods(4 * YEAR_DAYS, 4 * YEAR_DAYS),
    RecordClass.SIGN_INS: Periods(YEAR_DAYS, 90),
}
DEMANDS: Mapping[str, Demand] = {
    "ai-act": Demand(RecordClass.DECISIONS, "EU AI Act, Art. 19 and 26(6)", FLOOR_DAYS),
    "ai-act-documentation": Demand(RecordClass.DECISIONS, "EU AI Act, Art. 18", 10 * YEAR_DAYS),
    "california-ads": Demand(RecordClass.DECISIONS, "California FEHA, 2 CCR 11013", 4 * YEAR_DAYS),
    "us-credit": Demand(
        RecordClass.DECISIONS, "Regulation B, 12 CFR 1002.12", 763, text_minimum_days=763
    ),
    "broker-dealer": Demand(
        RecordClass.DECISIONS, "SEC 17a-4", 6 * YEAR_DAYS, text_minimum_days=6 * YEAR_DAYS
    ),
    "hipaa": Demand(RecordClass.DECISIONS, "45 CFR 164.316(b)(2)", 6 * YEAR_DAYS),
}
# Whoever did this decided over others, and answers for it.
ACCOUNTABLE = frozenset(
    {
        Action.REVIEW_CONFIRMED,
        Action.REVIEW_OVERRIDDEN,
        Action.REVIEW_DISREGARDED,
        Action.REVIEW_REVERSED,
        Action.POLICY_SET,
        Action.MODEL_VERSION_PROMOTED,
        Action.APPEAL_DECIDED,
        Action.SUSPICION_SETTLED,
        Action.PAY_EXCEPTION_MADE,
        Action.PERSON_ERASED,
        Action.ERASURE_REFUSED,
        Action.ERASURE_REQUEST_REFUSED,
        Action.LEGAL_HOLD_SET,
        Action.LEGAL_HOLD_RELEASED,
        Action.RETENTION_SET,
        Action.ACCOUNT_ROLES_CHANGED,
    }
)


def class_of(action: Action) -> RecordClass:
    """Return how an action's entries are classed; what is not named belongs to the crowd."""
    return _CLASS_OF_PREFIX.get(action.value.partition(".")[0], RecordClass.CROWD)


def class_called(name: str) -> RecordClass:
    """Return the class of a name, or refuse."""
    try:
        return RecordClass(name)
    except ValueError as error:
        raise NotFound("There is no class of entries with that name.") from error


def demand_called(name: str) -> Demand:
    """Return what a law demands, or refuse a name that stands for none."""
    try:
        return DEMANDS[name]
    except KeyError as error:
        known = ", ".join(sorted(DEMANDS))
        raise InvalidInput(f"No law is known as {name!r}; there are {known}.") from error


def actions_of(record_class: RecordClass) -> list[Action]:
    """Return the actions of a class."""
    return [action for action in Action if class_of(action) is record_class]


def combined(periods: Periods, demands: Collection[Demand]) -> Periods:
    """Return what is left of a wish once laws were asked: longest minima, shortest maxima."""
    minimum = max([FLOOR_DAYS, *(one.entry_minimum_days for one in demands)])
    text_minimum = max([periods.text_minimum_days, *(one.text_minimum_days for one in demands)])
    maxima = [one.text_maximum_days for one in demands if one.text_maximum_days is not None]
    entry_days = max(periods.entry_days, minimum)
    return Periods(
        entry_days=entry_days,
        text_days=min([entry_days, max(periods.text_days, text_minimum), *maxima]),
        text_minimum_days=min([text_minimum, *maxima]),
    )


def set_periods(
    uow: UnitOfWork,
    actor: Actor,
    *,
    record_class: RecordClass,
    periods: Periods,
    demands: Sequence[Demand] = (),
) -> Periods:
    """Set how long a class is kept, as far as the laws that apply let one."""
    if record_class is RecordClass.THE_LOG:
        raise InvalidInput("What explains the log itself is kept as long as the log.")
    if min(periods.entry_days, periods.text_days) < 1 or periods.text_minimum_days < 0:
        raise InvalidInput("A period has at least one day.")
    chosen = combined(periods, [one for one in demands if one.record_class is record_class])
    uow.session.merge(
        RetentionRule(
            record_class=record_class,
            entry_days=chosen.entry_days,
            text_days=chosen.text_days,
            text_minimum_days=chosen.text_minimum_days,
            set_by=actor.id,
            set_at=clock.now(),
        )
    )
    uow.session.flush()  # who asks for the periods in this transaction sees it
    record(
        uow,
        actor,
        Action.RETENTION_SET,
        subject_type="retention",
        subject_id=new_id(),
        facts={
            "class": record_class.value,
            "entry_days": chosen.entry_days,
            "text_days": chosen.text_days,
            "text_minimum_days": chosen.text_minimum_days,
            "laws": [one.law for one in demands],
        },
    )
    return chosen


def periods_of(uow: UnitOfWork) -> dict[RecordClass, Periods]:
    """Return how long each class is kept; what explains the log itself has no end."""
    rules = {one.record_class: one for one in uow.session.exec(select(RetentionRule))}
    periods = dict(DEFAULTS)
    for record_class, rule in rules.items():
        periods[record_class] = Periods(rule.entry_days, rule.text_days, rule.text_minimum_days)
    return periods


def text_minimum_ends(uow: UnitOfWork, texts: Iterable[Text]) -> datetime:
    """Return from when all of these texts may be erased on request."""
    ends = datetime.min.replace(tzinfo=UTC)
    minima = {name: one.text_minimum_days for name, one in periods_of(uow).items()}
    for text in texts:
        if days := minima.get(class_of(text.action), 0):
            ends = max(ends, text.recorded_at + timedelta(days=days))
    return ends
