"""Choices: a value to store, and the words that an annotator reads."""

from functools import cached_property
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from crowd.task_types.schemas import AnswerSchema, Words
from folkmoot.kernel.json_values import Json

MOST_CHOICES = 20

Value = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]


class Choice(BaseModel):
    """One answer that may be given: its value, and the words that the annotator reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Value
    label: Words = ""
    help: Words = ""

    @model_validator(mode="before")
    @classmethod
    def _from_value_alone(cls, written: Json) -> Json:
        return {"value": written} if isinstance(written, str) else written

    @model_validator(mode="after")
    def _labelled(self) -> "Choice":
        return self if self.label else self.model_copy(update={"label": self.value})


def all_different(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Return the choices, or raise ValueError if two of them have the same value."""
    if len({choice.value for choice in choices}) < len(choices):
        raise ValueError("Two choices have the same value.")
    return choices


class ChoiceSchema(AnswerSchema):
    """The question, and two to `MOST_CHOICES` choices."""

    choices: tuple[Choice, ...] = Field(min_length=2, max_length=MOST_CHOICES)

    _all_different = field_validator("choices")(all_different)

    @cached_property
    def words(self) -> dict[str, str]:
        """Return the words of each value, in the order of the choices."""
        return words_of(self.choices)


def words_of(choices: tuple[Choice, ...]) -> dict[str, str]:
    """Return the words of each value, in the order of the choices."""
    return {choice.value: choice.label for choice in choices}
