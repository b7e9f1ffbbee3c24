"""JSON between our own scripts and the pages' addresses."""

from typing import TypeVar

from flask import Response, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from folkmoot.problems import invalid_input, refuse_null_in_json

Body = TypeVar("Body", bound=BaseModel)


def body_of(model: type[Body]) -> Body:
    """Return the body of the present request, or raise InvalidInput naming what is wrong."""
    if not request.is_json:
        raise UnsupportedMediaType("Send the body as application/json.")
    content = request.get_data()
    refuse_null_in_json(content)
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise invalid_input(error, where="body") from error


def as_json(view: BaseModel) -> Response:
    """Return a view as a JSON response."""
    return Response(view.model_dump_json(), mimetype="application/json")
