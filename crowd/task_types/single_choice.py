"""One answer out of a few: `{"question": …, "choices": [{"value": …, "label": …}, …]}`.

A choice may be written as its value alone; the stored schema always has the full form.
"""

from crowd.task_types.answer_kind import Example
from crowd.task_types.answers import refuse
from crowd.task_types.choices import Choice, ChoiceSchema
from crowd.task_types.nominal_kind import NominalKind
from crowd.task_types.schemas import SchemaReader
from folkmoot.kernel.json_values import Json, JsonObject


class SingleChoiceSchema(ChoiceSchema):
    """The question, and the two to twenty answers that it allows."""


_SCHEMAS = SchemaReader(SingleChoiceSchema, "a single choice")


class SingleChoice(NominalKind):
    """The task type that asks for exactly one of a project's choices."""

    def check_schema(self, schema: JsonObject) -> JsonObject:
        """Return the schema in its full form, or raise InvalidInput naming the field."""
        return _SCHEMAS.full_form(schema)

    def check_answer(self, schema: JsonObject, answer: Json, payload: JsonObject | None) -> None:
        """Raise InvalidInput naming the allowed answers, unless the schema allows this one."""
        words = _SCHEMAS.read(schema).words
        if not isinstance(answer, str) or answer not in words:
            refuse(f"The answer must be one of: {', '.join(words)}.")

    def classes(self, schema: JsonObject) -> tuple[str, ...]:
        """Return the values of the choices, in the order that the project gave them."""
        return tuple(_SCHEMAS.read(schema).words)

    def class_of(self, answer: Json) -> str:
        """Return the class that an allowed answer belongs to: its value."""
        return str(answer)

    def answer_of(self, class_name: str) -> Json:
        """Return the answer that stands for a class: its value."""
        return class_name

    def answer_in_cell(self, cell: Json) -> Json:
        """Return a cell as text: a table may take a column of digits for numbers."""
        return str(cell) if isinstance(cell, int | float) else cell

    def text_of(self, schema: JsonObject, answer: Json) -> str:
        """Return the words of the choice."""
        return _SCHEMAS.read(schema).words.get(str(answer), str(answer))

    def example(self) -> Example:
        """Return a question about a patient's file."""
        schema: JsonObject = {
            "question": "Does this patient need a close follow-up?",
            "choices": [
                {"value": "yes", "label": "Yes", "help": "Within two weeks."},
                {"value": "no", "label": "No", "help": ""},
            ],
        }
        return Example(schema, {"summary": "Discharged after five days, lives alone."}, "yes")


def choices_of(schema: JsonObject) -> tuple[Choice, ...]:
    """Return what an annotator may choose from, with the words to show."""
    return _SCHEMAS.read(schema).choices
