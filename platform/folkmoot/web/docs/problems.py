"""What each refusal means and what to do about it, by the code that problem documents link to."""

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.exceptions import default_exceptions

from folkmoot.kernel import errors
from folkmoot.kernel.errors import DomainError
from folkmoot.problems import STATUS_OF

WHAT_TO_DO: dict[type[DomainError], str] = {
    errors.InvalidInput: "Mend the fields that the document names, and send it again.",
    errors.NotSignedIn: "Sign in, or send a valid access token: Authorization: Bearer …",
    errors.NotAllowed: "Ask for a role or a token that holds the permission that is named.",
    errors.NotFound: "Check the address and the id; what you may not know of is not found either.",
    errors.Conflict: "Read what is there now, and decide again; the sentence says what stands.",
    errors.AlreadyAnswered: "Nothing: your earlier answer is kept. Revise it, or go on.",
    errors.NotNow: "Do what the sentence says: rest until `retry_at`, opt in, or wait.",
    errors.Gone: "Ask for a new one; it does not come back.",
    errors.TooLarge: "Send it in smaller pieces.",
    errors.TooMany: "Wait as long as the Retry-After header says, then go on more slowly.",
    errors.Unavailable: "Try again in a moment, with the same Idempotency-Key.",
}


@dataclass(frozen=True)
class ProblemView:
    """One code, and what it means."""

    code: str
    title: str
    status: int
    meaning: str
    advice: str


def problems() -> list[ProblemView]:
    """Return every refusal by our own rules, then those by the web framework."""
    return [*_own(), *_of_framework()]


def _own() -> Iterator[ProblemView]:
    for kind, status in STATUS_OF.items():
        yield ProblemView(
            kind.code, kind.title, status.value, _first_line(kind.__doc__), WHAT_TO_DO[kind]
        )


def _of_framework() -> Iterator[ProblemView]:
    for status, kind in sorted(default_exceptions.items()):
        meaning = kind.description or ""
        yield ProblemView(f"http-{status}", kind().name, status, meaning, "")


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n")[0]
