"""The client against a live server: what it retries, what it refuses, and what that costs."""

import socket
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
import requests
from flask import Flask, Response

from folkmoot.identity.permissions import Role
from folkmoot_client import Connection, FolkmootError, Refused, Unreachable
from folkmoot_client import connection as client

from ..api.conftest import PROJECT, Person, serving


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAUSES_SECONDS", (0.01, 0.02, 0.05))


@pytest.fixture
def connection(live_url: str, team: Person) -> Connection:
    return Connection(live_url, token=team.token)


class Interrupted:
    """Takes the first requests through and loses their answers, as a server that dies does."""

    def __init__(self, application: Any, lost: int) -> None:
        self.application = application
        self.lost = lost

    def __call__(self, environ: Any, start_response: Any) -> Any:
        answer = self.application(environ, start_response)
        if self.lost > 0:
            self.lost -= 1
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return answer


def slugs(team: Person) -> list[str]:
    return [one["slug"] for one in team.get("/projects").get_json()["items"]]


def test_what_is_sent_is_made_and_read_back(connection: Connection, team: Person) -> None:
    project = connection.post("/projects", PROJECT)
    assert connection.get(f"/projects/{project['id']}") == project
    assert connection.put(f"/projects/{project['id']}/state", {"state": "open"})["state"] == "open"
    assert slugs(team) == ["cats"]


def test_a_list_is_read_page_after_page(connection: Connection) -> None:
    for number in range(5):
        connection.post("/projects", {**PROJECT, "slug": f"cats-{number}"})
    found = [one["slug"] for one in connection.each("/projects", limit=2)]
    assert found == [f"cats-{number}" for number in reversed(range(5))]


def test_a_refusal_says_what_the_server_said(connection: Connection, team: Person) -> None:
    with pytest.raises(Refused, match=r"422 .*/confidence: ") as caught:
        connection.post("/projects", {**PROJECT, "confidence": 2})
    assert caught.value.status == 422
    assert caught.value.problem["fields"][0]["pointer"] == "/confidence"
    assert slugs(team) == []


def test_a_refusal_is_not_tried_again(app: Flask) -> None:
    asked: list[Response] = []
    app.after_request(lambda answer: asked.append(answer) or answer)
    with serving(app) as url, pytest.raises(Refused):
        Connection(url, token="fm_forged").get("/projects")
    assert len(asked) == 1


@pytest.mark.parametrize("lost", [1, 3])
def test_a_lost_answer_is_asked_for_again_and_takes_effect_once(
    lost: int, app: Flask, team: Person
) -> None:
    app.wsgi_app = Interrupted(app.wsgi_app, lost)  # type: ignore[method-assign]
    with serving(app) as url:
        project = Connection(url, token=team.token).post("/projects", PROJECT)
    assert project["slug"] == "cats"
    assert slugs(team) == ["cats"]


def test_two_posts_are_two_requests_even_if_alike(
    live_url: str, person: Callable[..., Person], open_project: Callable[..., str]
) -> None:
    connection = Connection(live_url, token=person(Role.ANNOTATOR).token)
    path = f"/projects/{open_project()}/leases"
    first, second = connection.post(path)["lease"], connection.post(path)["lease"]
    assert first["task_id"] != second["task_id"]


def test_a_server_that_comes_back_is_waited_for(app: Flask, team: Person) -> None:
    failing = [503, 502]

    def unwell() -> Response | None:
        return Response("not now", failing.pop()) if failing else None

    app.before_request(unwell)
    with serving(app) as url:
        assert Connection(url, token=team.token).get("/me")["name"] == "Team"
    assert not failing


def test_a_server_that_never_answers_is_given_up(closed_port: int) -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        Connection(f"http://127.0.0.1:{closed_port}", token="fm_any").get("/me")


def test_an_answer_that_is_no_problem_document_is_a_refusal_too() -> None:
    with (
        answering(b"HTTP/1.1 500 Broken\r\nContent-Length: 4\r\n\r\noops") as url,
        pytest.raises(Refused, match="500 Broken"),
    ):
        Connection(url, token="fm_any").get("/me")


def test_every_error_of_the_client_is_one_kind() -> None:
    assert issubclass(Refused, FolkmootError)
    assert issubclass(Unreachable, FolkmootError)
    assert not issubclass(FolkmootError, requests.RequestException)


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


class answering:  # noqa: N801  # reads as the context that it is
    """A server that says the same to whoever calls."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> str:
        Thread(target=self._serve, daemon=True).start()
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self.listener.close()

    def _serve(self) -> None:
        for caller in self._callers():
            with caller:
                caller.recv(65536)
                caller.sendall(self.answer)

    def _callers(self) -> Iterator[socket.socket]:
        while True:
            try:
                yield self.listener.accept()[0]
            except OSError:
                return


@pytest.mark.parametrize("token", ["", "fm_Ж", "fm_1\n"])
def test_what_cannot_be_a_token_is_refused_before_anything_is_sent(token: str) -> None:
    with pytest.raises(FolkmootError, match="copy it anew"):
        Connection("http://127.0.0.1:1", token=token)
