"""Every refusal that a person or a program may see.

DomainError
├── InvalidInput        what was sent breaks a rule; names the fields
├── NotSignedIn         nobody knows who asks
├── NotAllowed          known, but may not do this
├── NotFound            no such thing, or none that the asker may know of
├── Conflict            it contradicts what is already there
│   ├── AlreadyAnswered the annotator has labelled this task
│   └── NotNow          an annotator is to rest, to opt in or to wait first; work goes on later
├── Gone                it was there, and its time is over
├── TooLarge            more than we take at once
├── TooMany             too often in too short a time
└── Unavailable         a part that we need does not answer

ConfigurationError      the operator's settings are wrong (never reaches a request)

A message is a sentence for the person who reads it. `folkmoot.api.problems` turns each
class into one `application/problem+json` document (RFC 9457).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True)
class FieldProblem:
    """One field that is wrong: a JSON pointer into what was sent, and the sentence."""

    pointer: str
    message: str


class DomainError(Exception):
    """A rule of the house refuses what was asked."""

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"

    def __init__(self, message: str, *, fields: Sequence[FieldProblem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.fields = tuple(fields)


class InvalidInput(DomainError):
    """What was sent breaks a rule."""

    code = "invalid-input"
    title = "The input breaks a rule"


class NotSignedIn(DomainError):
    """Nobody knows who asks."""

    code = "not-signed-in"
    title = "Sign-in needed"


class NotAllowed(DomainError):
    """The asker is known but may not do this."""

    code = "not-allowed"
    title = "Not allowed"


class NotFound(DomainError):
    """There is no such thing, or none that the asker may know of."""

    code = "not-found"
    title = "Not found"


class Conflict(DomainError):
    """It contradicts what is already there."""

    code = "conflict"
    title = "Conflict"


class AlreadyAnswered(Conflict):
    """The annotator has labelled this task before."""

    code = "already-answered"
    title = "Already answered"


class NotNow(Conflict):
    """An annotator is given no task now, for a reason that passes or that they can change."""

    code = "not-now"
    title = "Not now"

    def __init__(self, message: str, *, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class Gone(DomainError):
    """It was there, and its time is over."""

    code = "gone"
    title = "No longer there"


class TooLarge(DomainError):
    """More than we take at once."""

    code = "too-large"
    title = "Too large"


class TooMany(DomainError):
    """Too often in too short a time."""

    code = "too-many"
    title = "Too many requests"


class Unavailable(DomainError):
    """A part that we need does not answer."""

    code = "unavailable"
    title = "Not available now"


class ConfigurationError(Exception):
    """The operator's settings are wrong; the message is one sentence that says which."""
