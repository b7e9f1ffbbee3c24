"""Answers that a browser keeps as files."""

from flask import Response


def as_file(answer: Response, name: str) -> Response:
    """Have the browser keep an answer as a file of this name."""
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
