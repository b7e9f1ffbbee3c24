"""JSON schemas of an OpenAPI document, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from folkmoot.kernel.json_values import Json


class Schema(BaseModel):
    """The parts of a JSON schema that the page shows."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    ref: str | None = Field(default=None, alias="$ref")
    type: str | None = None
    format: str | None = None
    description: str = ""
    enum: list[Json] = []
    const: Json = None
    any_of: list["Schema"] = Field(default=[], alias="anyOf")
    one_of: list["Schema"] = Field(default=[], alias="oneOf")
    items: "Schema | bool | None" = None
    properties: dict[str, "Schema"] = {}
    required: list[str] = []
    default: Json = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = Field(default=None, alias="exclusiveMinimum")
    exclusive_maximum: float | None = Field(default=None, alias="exclusiveMaximum")
    min_length: int | None = Field(default=None, alias="minLength")
    max_length: int | None = Field(default=None, alias="maxLength")
    min_items: int | None = Field(default=None, alias="minItems")
    max_items: int | None = Field(default=None, alias="maxItems")
    pattern: str | None = None

    @property
    def name(self) -> str | None:
        """Return the name of the schema that this refers to."""
        return self.ref.rsplit("/", 1)[1] if self.ref else None


@dataclass(frozen=True)
class TypePart:
    """A piece of a type in words; `schema` names what it refers to."""

    text: str
    schema: str | None = None


@dataclass(frozen=True)
class FieldView:
    """One field or parameter."""

    name: str
    type: Sequence[TypePart]
    is_required: bool
    limits: str
    where: str = ""


def field_view(name: str, schema: Schema, *, is_required: bool, where: str = "") -> FieldView:
    """Return a field in words."""
    return FieldView(name, tuple(type_words(schema)), is_required, limits_of(schema), where)


def type_words(schema: Schema) -> Iterator[TypePart]:
    """Say what a value may be."""
    choices = schema.any_of or schema.one_of
    if schema.name:
        yield TypePart(schema.name, schema.name)
    elif choices:
        for place, choice in enumerate(choices):
            yield from [TypePart(" or ")] if place else []
            yield from type_words(choice)
    elif schema.enum or schema.const is not None:
        yield TypePart(" | ".join(f"“{value}”" for value in schema.enum or [schema.const]))
    elif schema.type == "array":
        yield TypePart("list of ")
        inner = schema.items if isinstance(schema.items, Schema) else Schema(type="anything")
        yield from type_words(inner)
    else:
        yield TypePart(schema.format or schema.type or "anything")


def limits_of(schema: Schema) -> str:
    """Say how large or long a value may be, and what it is when left out."""
    limits = [*_bounds(schema), *_lengths(schema)]
    if schema.pattern:
        limits.append(f"like {schema.pattern}")
    if schema.default not in (None, [], {}):
        limits.append(f"{_plain(schema.default)} unless told")
    return "; ".join(limits)


def _bounds(schema: Schema) -> Iterator[str]:
    if schema.minimum is not None:
        yield f"at least {schema.minimum:g}"
    if schema.exclusive_minimum is not None:
        yield f"above {schema.exclusive_minimum:g}"
    if schema.maximum is not None:
        yield f"at most {schema.maximum:g}"
    if schema.exclusive_maximum is not None:
        yield f"below {schema.exclusive_maximum:g}"


def _lengths(schema: Schema) -> Iterator[str]:
    if schema.max_length is not None:
        yield f"{schema.min_length or 0} to {schema.max_length:,} characters"
    if schema.max_items is not None:
        yield f"{schema.min_items or 0} to {schema.max_items:,} of them"


def _plain(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
