"""Turn every refusal into one problem document (RFC 9457), or into a page for people."""

from datetime import datetime
from http import HTTPStatus

from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException

from folkmoot.kernel import errors
from folkmoot.kernel.errors import DomainError, FieldProblem

MEDIA_TYPE = "application/problem+json"

STATUS_OF: dict[type[DomainError], HTTPStatus] = {
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotSignedIn: HTTPStatus.UNAUTHORIZED,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.AlreadyAnswered: HTTPStatus.CONFLICT,
    errors.NotNow: HTTPStatus.CONFLICT,
    errors.Gone: HTTPStatus.GONE,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


class WrongField(BaseModel):
    """One field that is wrong."""

    pointer: str
    message: str


class Problem(BaseModel):
    """What went wrong, in the form of RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    fields: list[WrongField] = []
    # When the same request may be granted, where that is known.
    retry_at: datetime | None = None


def problem_of(error: DomainError) -> Problem:
    """Return the document for a refusal by our own rules."""
    return Problem(
        type=f"/docs/problems#{error.code}",
        title=error.title,
        status=STATUS_OF[type(error)],
        detail=error.message,
        fields=[WrongField(pointer=one.pointer, message=one.message) for one in error.fields],
        retry_at=error.retry_at if isinstance(error, errors.NotNow) else None,
    )


def problem_of_http(error: HTTPException) -> Problem:
    """Return the document for a refusal by the web framework, such as an unknown address."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    return Problem(
        type=f"/docs/problems#http-{status.value}",
        title=status.phrase,
        status=status,
        detail=error.description or status.description,
    )


def refuse_null_in_json(content: bytes) -> None:
    """Raise InvalidInput for a body with a character that PostgreSQL cannot hold."""
    if b"\\u0000" in content:
        raise errors.InvalidInput("The body has a NUL character, which cannot be stored.")


def invalid_input(error: ValidationError, *, where: str) -> errors.InvalidInput:
    """Return our refusal for what pydantic found wrong in the body, the query or the path."""
    wrong = [
        FieldProblem(
            pointer="/".join(["", *(str(part) for part in one["loc"])]),
            message=one["msg"].removeprefix("Value error, "),
        )
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return errors.InvalidInput(
        f"The {where} breaks {len(wrong)} rule{'s' if len(wrong) != 1 else ''}.", fields=wrong
    )
