"""One answer out of a few: `{"question": …, "choices": [{"value": …, "label": …}, …]}`.

A choice may be written as its value alone; the stored schema always has the full form.
"""

from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from folkmoot.kernel.errors import FieldProblem, InvalidInput
from folkmoot.kernel.json_values import Json, JsonObject

Value = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


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


class SingleChoiceSchema(BaseModel):
    """The question, and the two to twenty answers that it allows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: Words = ""
    choices: tuple[Choice, ...] = Field(min_length=2, max_length=20)

    @field_validator("choices")
    @classmethod
    def _all_different(cls, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        if len({choice.value for choice in choices}) < len(choices):
            raise ValueError("Two choices have the same value.")
        return choices


class SingleChoice:
    """The task type that asks for exactly one of a project's choices."""

    def check_schema(self, schema: JsonObject) -> JsonObject:
        """Return the schema in its full form, or raise InvalidInput naming the field."""
        try:
            checked = SingleChoiceSchema.model_validate(schema)
        except ValidationError as error:
            raise InvalidInput(
                "The answer schema does not describe a single choice.", fields=_problems(error)
            ) from error
        return _full_form(checked)

    def check_answer(self, schema: JsonObject, answer: Json) -> None:
        """Raise InvalidInput naming the allowed answers, unless the schema allows this one."""
        allowed = self.classes(schema)
        if answer not in allowed:
            sentence = f"The answer must be one of: {', '.join(allowed)}."
            raise InvalidInput(sentence, fields=[FieldProblem("/answer", sentence)])

    def classes(self, schema: JsonObject) -> tuple[str, ...]:
        """Return the values of the choices, in the order that the project gave them."""
        return tuple(choice.value for choice in choices_of(schema))

    def class_of(self, answer: Json) -> str:
        """Return the class that an allowed answer belongs to: its value."""
        return str(answer)

    def answer_of(self, class_name: str) -> Json:
        """Return the answer that stands for a class: its value."""
        return class_name


def choices_of(schema: JsonObject) -> tuple[Choice, ...]:
    """Return what an annotator may choose from, with the words to show."""
    return SingleChoiceSchema.model_validate(schema).choices


def _full_form(schema: SingleChoiceSchema) -> JsonObject:
    choices: list[Json] = [
        {"value": choice.value, "label": choice.label or choice.value, "help": choice.help}
        for choice in schema.choices
    ]
    return {"question": schema.question, "choices": choices}


def _problems(error: ValidationError) -> list[FieldProblem]:
    return [
        FieldProblem(
            "/".join(["/answer_schema", *(str(part) for part in problem["loc"])]),
            problem["msg"].removeprefix("Value error, "),
        )
        for problem in error.errors()
    ]
