"""Declare an API operation once: its address, its permission, what it takes and what it shows.

    @api.post("/projects", access=Permission.MANAGE_PROJECTS, shows=ProjectView)
    def create_project(call: Call, body: ProjectDraft) -> Project:
        return projects.create_project(call.uow, call.actor, draft=body)

The handler's parameters say the rest: `body` and `query` are pydantic models, any other name is
a part of the path. `folkmoot.api.calling` runs an operation, `folkmoot.api.openapi` describes it.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, Generic, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field

from folkmoot.bootstrap import Services
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.pagination import MOST_ROWS, PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork

# A handler's result is shown through `shows`; its own type is the handler's business.
Handler = Callable[..., Any]
Shown = TypeVar("Shown")

JSON = "application/json"


class View(BaseModel):
    """What a client is shown of one of our objects."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class PageView(View, Generic[Shown]):
    """Some rows, and the cursor that asks for the next ones."""

    # Said again, since a generic model does not hand its docstring on to what is made of it.
    model_config = ConfigDict(
        json_schema_extra={"description": "Some rows, and the cursor that asks for the next ones."}
    )

    items: list[Shown]
    next_cursor: str | None


class PageQuery(BaseModel):
    """Which page is wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # 22 characters of base64 are a row's id; the last one carries two bits, so it is one of four.
    cursor: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{21}[AQgw]$")
    limit: int = Field(default=50, ge=1, le=MOST_ROWS)

    @property
    def wanted(self) -> PageRequest:
        """Return the page request for the service."""
        return PageRequest(cursor=self.cursor, limit=self.limit)


@dataclass(frozen=True)
class Download:
    """Bytes, or a file of ours, to hand out as a file."""

    content: bytes | Path
    media_type: str
    file_name: str


@dataclass(frozen=True)
class Call:
    """What every handler is given: the open transaction, who asks, and the services."""

    uow: UnitOfWork
    actor: Actor
    services: Services


@dataclass(frozen=True)
class Operation:
    """One address and method of the API."""

    method: str
    path: str
    handler: Handler
    access: Permission | None
    shows: type[BaseModel] | type[Download] | None
    status: HTTPStatus
    takes: tuple[str, ...]
    tag: str
    # The answer holds a secret that is shown once, so it is never kept for a retry.
    shows_secret: bool = False

    @property
    def name(self) -> str:
        """Return the operation's id: the handler's name."""
        return self.handler.__name__

    # Worked out once, for it takes longer than many a handler.
    @cached_property
    def parameters(self) -> dict[str, Any]:
        """Return the handler's parameters and their types, but for the call itself."""
        hints = get_type_hints(self.handler)
        names = list(inspect.signature(self.handler).parameters)[1:]
        return {name: hints[name] for name in names}

    @cached_property
    def body(self) -> Any:
        """Return the type of the body: a model, a file, or None."""
        return self.parameters.get("body")

    @cached_property
    def query(self) -> type[BaseModel] | None:
        """Return the model of the query, or None."""
        return self.parameters.get("query")

    @cached_property
    def path_parameters(self) -> dict[str, Any]:
        """Return the parts of the path and their types."""
        return {k: v for k, v in self.parameters.items() if k not in ("body", "query")}

    @property
    def changes(self) -> bool:
        """Say whether the operation may change anything."""
        return self.method != "GET"

    @property
    def summary(self) -> str:
        """Return the first line of the handler's docstring."""
        return (inspect.getdoc(self.handler) or "").split("\n", 1)[0].rstrip(".")


@dataclass
class Api:
    """A collection of operations; each resource has one, named by its tag."""

    tag: str
    operations: list[Operation] = field(default_factory=list)

    def get(
        self, path: str, *, access: Permission | None, shows: type[BaseModel] | type[Download]
    ) -> Callable[[Handler], Handler]:
        """Declare an operation that reads."""
        return self._declare("GET", path, access=access, shows=shows, status=HTTPStatus.OK)

    def post(
        self,
        path: str,
        *,
        access: Permission | None,
        shows: type[BaseModel] | None,
        status: HTTPStatus = HTTPStatus.CREATED,
        takes: tuple[str, ...] = (JSON,),
        shows_secret: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Declare an operation that creates or acts; it honours an idempotency key."""
        return self._declare(
            "POST",
            path,
            access=access,
            shows=shows,
            status=status,
            takes=takes,
            shows_secret=shows_secret,
        )

    def put(
        self, path: str, *, access: Permission | None, shows: type[BaseModel]
    ) -> Callable[[Handler], Handler]:
        """Declare an operation that sets."""
        return self._declare("PUT", path, access=access, shows=shows, status=HTTPStatus.OK)

    def patch(
        self, path: str, *, access: Permission | None, shows: type[BaseModel]
    ) -> Callable[[Handler], Handler]:
        """Declare an operation that changes what is given and leaves the rest."""
        return self._declare("PATCH", path, access=access, shows=shows, status=HTTPStatus.OK)

    def delete(self, path: str, *, access: Permission | None) -> Callable[[Handler], Handler]:
        """Declare an operation that takes away."""
        status = HTTPStatus.NO_CONTENT
        return self._declare("DELETE", path, access=access, shows=None, status=status)

    def _declare(
        self,
        method: str,
        path: str,
        *,
        access: Permission | None,
        shows: type[BaseModel] | type[Download] | None,
        status: HTTPStatus,
        takes: tuple[str, ...] = (JSON,),
        shows_secret: bool = False,
    ) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            operation = Operation(
                method=method,
                path=path,
                handler=handler,
                access=access,
                shows=shows,
                status=status,
                takes=takes,
                tag=self.tag,
                shows_secret=shows_secret,
            )
            self.operations.append(operation)
            return handler

        return declare
