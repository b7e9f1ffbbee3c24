"""Read the parts of an answer, and refuse what is wrong with a pointer to the very place."""

from collections.abc import Collection
from typing import NoReturn

from folkmoot.kernel.errors import FieldProblem, InvalidInput
from folkmoot.kernel.json_values import Json, JsonObject

ANSWER = "/answer"
# Beyond this, a whole number is not the same in every language that reads JSON.
LARGEST_NUMBER = 10**15
_LONGEST_NAME = 100


def refuse(sentence: str, pointer: str = ANSWER) -> NoReturn:
    """Raise InvalidInput that points at what is wrong."""
    raise InvalidInput(sentence, fields=[FieldProblem(pointer, sentence)])


def object_of(
    value: Json, pointer: str, *, names: Collection[str], optional: Collection[str] = ()
) -> JsonObject:
    """Return an object that has all the names, and no others but the optional ones."""
    if not isinstance(value, dict):
        refuse(f"This must be an object with: {', '.join(names)}.", pointer)
    for name in names:
        if name not in value:
            refuse(f"“{name}” is missing.", f"{pointer}/{name}")
    for name in value:
        if name not in names and name not in optional:
            refuse("There is no such field.", _pointer_to(pointer, name))
    return value


def list_of(value: Json, pointer: str, *, at_most: int) -> list[Json]:
    """Return a list that is not too long."""
    if not isinstance(value, list):
        refuse("This must be a list.", pointer)
    if len(value) > at_most:
        refuse(f"At most {at_most:,} are allowed here.", pointer)
    return value


def whole_number_of(value: Json, pointer: str) -> int:
    """Return a whole number; true, false and 1.0 are none."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_NUMBER:
        refuse("This must be a whole number.", pointer)
    return value


def number_of(value: Json, pointer: str) -> float:
    """Return a number that is finite; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse("This must be a number.", pointer)
    if not abs(value) <= LARGEST_NUMBER:  # so that what is no number is refused as well
        refuse("This number is too large, or none.", pointer)
    return value


def plain_text_of(value: Json, pointer: str) -> str:
    """Return text that every database and file format can hold."""
    if not isinstance(value, str):
        refuse("This must be text.", pointer)
    if "\x00" in value:
        refuse("The text holds a null character, which cannot be stored.", pointer)
    if not is_whole_text(value):
        refuse("The text holds half a character, which cannot be stored.", pointer)
    return value


def one_of(value: Json, allowed: Collection[str], pointer: str) -> str:
    """Return a text that is among those allowed."""
    if not isinstance(value, str) or value not in allowed:
        refuse(f"This must be one of: {', '.join(allowed)}.", pointer)
    return value


def is_whole_text(text: str) -> bool:
    """Say whether text holds no lone surrogate: half of a character in UTF-16."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _pointer_to(parent: str, name: str) -> str:
    """Return the JSON pointer of a field (RFC 6901), or its parent's for a name beyond reading."""
    if len(name) > _LONGEST_NAME or not name.isprintable():
        return parent
    return f"{parent}/{name.replace('~', '~0').replace('/', '~1')}"
