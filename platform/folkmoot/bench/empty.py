"""An application that does nothing: what the server and Flask alone take for one request."""

from flask import Flask, Response

_ID = "00000000-0000-0000-0000-000000000000"
_LEASE = f'{{"lease":{{"lease_id":"{_ID}"}}}}'
_LABEL = f'{{"label":{{"id":"{_ID}"}},"lease":{{"lease_id":"{_ID}"}}}}'

app = Flask("empty")


@app.get("/healthz")
def health() -> str:
    """Say that the process answers."""
    return "ok"


@app.post("/api/v1/projects/<project_id>/leases")
def lease(project_id: str) -> Response:  # noqa: ARG001  # the address has it
    """Answer as the real one does, without doing anything."""
    return Response(_LEASE, 201, mimetype="application/json")


@app.post("/api/v1/projects/<project_id>/labels")
def label(project_id: str) -> Response:  # noqa: ARG001  # the address has it
    """Answer as the real one does, without doing anything."""
    return Response(_LABEL, 201, mimetype="application/json")
