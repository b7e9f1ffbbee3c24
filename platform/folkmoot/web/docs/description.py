"""An OpenAPI document as the documentation page shows it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from folkmoot.web.docs.schemas import FieldView, Schema, field_view

JSON = "application/json"


class Content(BaseModel):
    """One media type of a body."""

    schema_: Schema = Field(alias="schema")


class Body(BaseModel):
    """A body, by media type."""

    content: dict[str, Content] = {}


class Parameter(BaseModel):
    """One parameter of an operation."""

    name: str
    where: str = Field(alias="in")
    required: bool = False
    schema_: Schema = Field(alias="schema")


class Operation(BaseModel):
    """One method of one address."""

    id: str = Field(alias="operationId")
    summary: str = ""
    description: str = ""
    tags: list[str] = []
    parameters: list[Parameter] = []
    body: Body | None = Field(default=None, alias="requestBody")
    responses: dict[str, Body] = {}


class Server(BaseModel):
    """Where the API is reached."""

    url: str


class Components(BaseModel):
    """The named schemas."""

    schemas: dict[str, Schema] = {}


class Description(BaseModel):
    """The parts of an OpenAPI document that the page shows."""

    model_config = ConfigDict(extra="ignore")

    servers: list[Server]
    paths: dict[str, dict[str, Operation]]
    components: Components


@dataclass(frozen=True)
class OperationView:
    """One operation; `takes` and `returns` are names of schemas or of media types."""

    id: str
    method: str
    path: str
    summary: str
    permission: str | None
    parameters: Sequence[FieldView]
    takes: Sequence[str]
    returns: Sequence[str]
    status: str
    example: str


@dataclass(frozen=True)
class SectionView:
    """The operations of one subject."""

    title: str
    anchor: str
    operations: Sequence[OperationView]


@dataclass(frozen=True)
class SchemaView:
    """One named schema."""

    name: str
    description: str
    fields: Sequence[FieldView]
    values: Sequence[str]


def sections_of(description: Description) -> list[SectionView]:
    """Return the operations by subject, in the order of the document."""
    server = description.servers[0].url
    by_tag: dict[str, list[OperationView]] = {}
    for path, methods in description.paths.items():
        for method, operation in methods.items():
            shown = _operation(server, path, method.upper(), operation)
            by_tag.setdefault(operation.tags[0], []).append(shown)
    return [
        SectionView(tag.capitalize(), tag.replace(" ", "-"), shown) for tag, shown in by_tag.items()
    ]


def schemas_of(description: Description) -> list[SchemaView]:
    """Return the named schemas in the order of their names."""
    return [
        SchemaView(
            name=name,
            description=schema.description.split("\n\n")[0].replace("`", ""),
            fields=list(_fields(schema.properties, schema.required)),
            values=[str(value) for value in schema.enum],
        )
        for name, schema in sorted(description.components.schemas.items())
    ]


def _operation(server: str, path: str, method: str, operation: Operation) -> OperationView:
    status = next(code for code in operation.responses if code.startswith("2"))
    return OperationView(
        id=operation.id,
        method=method,
        path=path,
        summary=operation.summary.replace("`", ""),
        permission=_permission(operation.description),
        parameters=[
            field_view(each.name, each.schema_, is_required=each.required, where=each.where)
            for each in operation.parameters
        ],
        takes=_bodies(operation.body),
        returns=_bodies(operation.responses[status]),
        status=status,
        example=_example(server + path, method, operation),
    )


def _permission(description: str) -> str | None:
    parts = description.split("`")
    return parts[1] if len(parts) > 1 else None


def _bodies(body: Body | None) -> list[str]:
    if body is None:
        return []
    return [content.schema_.name or media for media, content in body.content.items()]


def _example(address: str, method: str, operation: Operation) -> str:
    lines = [f'curl -X {method} "{address}"', '-H "Authorization: Bearer $TOKEN"']
    if operation.body and JSON in operation.body.content:
        lines += [f'-H "Content-Type: {JSON}"', "-d @body.json"]
    elif operation.body:
        media = next(iter(operation.body.content))
        lines += [f'-H "Content-Type: {media}"', "--data-binary @file"]
    return " \\\n  ".join(lines)


def _fields(properties: Mapping[str, Schema], required: Sequence[str]) -> Iterator[FieldView]:
    for name, schema in properties.items():
        yield field_view(name, schema, is_required=name in required)
