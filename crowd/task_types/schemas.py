"""Answer schemas as pydantic models: checked once, and then read from memory."""

import marshal
from functools import lru_cache
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from folkmoot.kernel.errors import FieldProblem, InvalidInput
from folkmoot.kernel.json_values import JsonObject

# How many schemas a process keeps read; a project has one.
_KEPT = 512

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class AnswerSchema(BaseModel):
    """What every schema has: the question, which may be left to the project's title."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    question: Words = ""


Schema = TypeVar("Schema", bound=AnswerSchema)


class SchemaReader(Generic[Schema]):
    """Read the schemas of one task type; `kind_name` completes “does not describe …”."""

    def __init__(self, model: type[Schema], kind_name: str) -> None:
        self._model = model
        self._kind_name = kind_name
        self._read = lru_cache(_KEPT)(self._read_anew)

    def checked(self, schema: JsonObject) -> Schema:
        """Return a schema that a team wrote, or raise InvalidInput naming each wrong field."""
        try:
            return self._model.model_validate(schema)
        except ValidationError as error:
            sentence = f"The answer schema does not describe {self._kind_name}."
            raise InvalidInput(sentence, fields=_problems(error)) from error

    def full_form(self, schema: JsonObject) -> JsonObject:
        """Return a schema that a team wrote with nothing left out."""
        return self.checked(schema).model_dump(mode="json")

    def read(self, schema: JsonObject) -> Schema:
        """Return a schema that was checked before; one that was read before costs microseconds."""
        # A dictionary is no key. Marshal writes one four times faster than JSON, and what it
        # writes is only compared, never kept or read. Version 2 is the same for equal content.
        return self._read(marshal.dumps(schema, 2))

    def _read_anew(self, written: bytes) -> Schema:
        return self._model.model_validate(marshal.loads(written))  # noqa: S302 - written above


def _problems(error: ValidationError) -> list[FieldProblem]:
    return [
        FieldProblem(
            "/".join(["/answer_schema", *(str(part) for part in problem["loc"])]),
            problem["msg"].removeprefix("Value error, "),
        )
        for problem in error.errors()
    ]
