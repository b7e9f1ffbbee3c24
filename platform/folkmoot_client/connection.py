"""One connection to a Folkmoot server: tokens, retries, idempotency keys, refusals as errors.

FolkmootError
├── Unreachable   no answer, after every retry
└── Refused       the server answered with a problem document (RFC 9457)
"""

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests

PAUSES_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 5.0)
TIMEOUT_SECONDS = 60
PASSING = {502, 503, 504}

# What the server sends and takes is JSON; its shape is in the API's own description.
JsonObject = dict[str, Any]


class FolkmootError(Exception):
    """Something that we asked of the server did not work."""


class Unreachable(FolkmootError):
    """The server gave no answer, after every retry."""


class Refused(FolkmootError):
    """The server refused; `status` and `problem` say why."""

    def __init__(self, status: int, problem: JsonObject) -> None:
        fields = "; ".join(f"{one['pointer']}: {one['message']}" for one in problem["fields"])
        super().__init__(f"{status} {problem['detail']}" + (f" ({fields})" if fields else ""))
        self.status = status
        self.problem = problem


class Connection:
    """Send requests to one server with one token.

    A request whose answer is lost is sent again. That is safe: what reads changes nothing, and
    each POST carries an idempotency key, so that it takes effect once.

    pauses: seconds to wait before each further try; half a minute in all, unless given.
    """

    def __init__(self, url: str, *, token: str, pauses: Sequence[float] | None = None) -> None:
        self._pauses = PAUSES_SECONDS if pauses is None else tuple(pauses)
        self.url = url.rstrip("/")
        if not token.isascii() or not token.isprintable() or not token:
            raise FolkmootError("An access token is of plain letters and digits: copy it anew.")
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: str | int) -> JsonObject:
        """Return what stands at a path."""
        return self._json(self._send("GET", path, query=query))

    def get_bytes(self, path: str) -> bytes:
        """Return a file."""
        return self._send("GET", path).content

    def each(self, path: str, **query: str | int) -> Iterator[JsonObject]:
        """Return every row of a list, page after page."""
        while True:
            page = self.get(path, **query)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def post(self, path: str, body: JsonObject | None = None) -> JsonObject:
        """Create something, once, however often the request has to be sent."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return self._json(self._send("POST", path, json=body, headers=headers))

    def put(self, path: str, body: JsonObject | None = None) -> JsonObject:
        """Set something."""
        return self._json(self._send("PUT", path, json=body))

    def upload(self, path: str, content: bytes, *, media_type: str, **query: str) -> JsonObject:
        """Send a file."""
        headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": media_type}
        return self._json(self._send("POST", path, data=content, headers=headers, query=query))

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        json: JsonObject | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        for pause in (*self._pauses, None):
            try:
                answer = self._session.request(
                    method,
                    f"{self.url}/api/v1{path}",
                    params=dict(query or {}),
                    json=json,
                    data=data,
                    headers=dict(headers or {}),
                    timeout=TIMEOUT_SECONDS,
                )
            except (requests.ConnectionError, requests.Timeout) as error:
                if pause is None:
                    raise Unreachable(f"{self.url} does not answer.") from error
            else:
                if answer.status_code not in PASSING or pause is None:
                    return _checked(answer)
            time.sleep(pause)
        raise Unreachable(f"{self.url} does not answer.")

    @staticmethod
    def _json(answer: requests.Response) -> JsonObject:
        if not answer.content:
            return {}
        body: JsonObject = answer.json()
        return body


def _checked(answer: requests.Response) -> requests.Response:
    if answer.ok:
        return answer
    if answer.headers.get("Content-Type", "").startswith("application/problem+json"):
        raise Refused(answer.status_code, answer.json())
    problem = {"detail": answer.reason or "The server failed.", "fields": []}
    raise Refused(answer.status_code, problem)
