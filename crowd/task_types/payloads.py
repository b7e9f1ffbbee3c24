"""What a question needs of a task: named fields of its payload."""

from typing import Annotated

from pydantic import StringConstraints

from crowd.task_types.answers import refuse
from folkmoot.kernel.json_values import Json, JsonObject

FieldName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]


def text_in(payload: JsonObject, field: str) -> str:
    """Return the text of a payload's field, or raise InvalidInput where there is none."""
    text = payload.get(field)
    if not isinstance(text, str) or not text:
        refuse(f"The task has no text in its field “{field}”.", f"/payload/{field}")
    return text


def something_in(payload: JsonObject, field: str) -> Json:
    """Return what a payload's field holds, or raise InvalidInput where it is empty."""
    value = payload.get(field)
    if value is None or value in ("", [], {}):
        refuse(f"The task has nothing in its field “{field}”.", f"/payload/{field}")
    return value
