"""Text that both databases can hold."""

from typing import Annotated

from pydantic import AfterValidator

from folkmoot.kernel.errors import FieldProblem, InvalidInput

_NULL = "\x00"
_SENTENCE = "The text holds a null character, which cannot be stored."


def _without_null(text: str) -> str:
    if _NULL in text:
        raise ValueError(_SENTENCE)
    return text


PlainText = Annotated[str, AfterValidator(_without_null)]


def refuse_null(text: str, pointer: str) -> None:
    """Raise InvalidInput for text that PostgreSQL cannot hold."""
    if _NULL in text:
        raise InvalidInput(_SENTENCE, fields=[FieldProblem(pointer, _SENTENCE)])
