"""Annotators over HTTP: plain sockets, requests of prepared bytes, and one loop over all of them.

It is lean on purpose, since it shares the machine with what it measures. Each annotator answers
a task as soon as it comes, with the wish for the next one in the same request; now and then the
two are asked apart, so that each is measured alone too. Run as a process of its own, it reads
`Orders` from standard input and writes `Findings` to standard output, both as JSON:

    python -m folkmoot.bench.load
"""

import json
import random
import selectors
import socket
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TypeAlias

from folkmoot.runtime.ports import LOOPBACK

# One answer of so many asks for the next task by a request of its own.
APART = 20
MOST_ERRORS_TOLD = 5
_LEASE_ID = b'"lease_id":"'
_LABEL_ID = b'"label":{"id":"'
_ID_LENGTH = 36
_READ_BYTES = 65_536
_CREATED = 201
# As often as the crowd is right; the known answers of the bench are all "yes".
_SHARE_OF_YES = 0.9


@dataclass(frozen=True)
class Orders:
    """Whom to play, a token for each annotator, and for how long."""

    port: int
    project_ids: Sequence[str]
    tokens: Sequence[str]
    warm_up_seconds: float
    seconds: float


@dataclass
class Findings:
    """What the annotators saw: milliseconds by kind of request, and the labels' ids."""

    milliseconds: dict[str, list[float]] = field(
        default_factory=lambda: {"both": [], "label": [], "lease": []}
    )
    acknowledged: list[str] = field(default_factory=list)
    n_errors: int = 0
    errors: list[str] = field(default_factory=list)
    cpu_seconds: float = 0.0

    def note_error(self, reply: "Reply") -> None:
        """Count a refusal, and keep the first ones to show."""
        self.n_errors += 1
        if len(self.errors) < MOST_ERRORS_TOLD:
            self.errors.append(reply.body.decode(errors="replace")[:300])


@dataclass(frozen=True)
class Request:
    """What an annotator sends: its kind, and the bytes."""

    kind: str
    content: bytes


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    body: bytes

    def id_after(self, mark: bytes) -> str | None:
        """Return the id that stands behind a mark, if it is there."""
        at = self.body.find(mark)
        if self.status != _CREATED or at < 0:
            return None
        start = at + len(mark)
        return self.body[start : start + _ID_LENGTH].decode()


Annotator: TypeAlias = Generator[Request, Reply, None]


def annotator(orders: Orders, token: str, findings: Findings) -> Annotator:
    """Answer one task after another, in one project after another."""
    dice = random.Random(token)  # noqa: S311  # no secret
    for project_id in orders.project_ids:
        paths = _Paths(project_id, token)
        lease_id = yield from _lease(paths, findings)
        while lease_id is not None:
            lease_id = yield from _answer(paths, lease_id, dice, findings)


def _lease(paths: "_Paths", findings: Findings) -> Generator[Request, Reply, str | None]:
    reply = yield paths.lease()
    if reply.status != _CREATED:
        findings.note_error(reply)
    return reply.id_after(_LEASE_ID)


def _answer(
    paths: "_Paths", lease_id: str, dice: random.Random, findings: Findings
) -> Generator[Request, Reply, str | None]:
    apart = dice.randrange(APART) == 0
    answer = "yes" if dice.random() < _SHARE_OF_YES else "no"
    reply = yield paths.label(lease_id, answer, lease_next=not apart)
    label_id = reply.id_after(_LABEL_ID)
    if label_id is None:
        findings.note_error(reply)
    else:
        findings.acknowledged.append(label_id)
    if apart or label_id is None:
        return (yield from _lease(paths, findings))
    return reply.id_after(_LEASE_ID)


class _Paths:
    """The requests of one account to one project."""

    def __init__(self, project_id: str, token: str) -> None:
        where = f"/api/v1/projects/{project_id}"
        rest = f"Host: bench\r\nAuthorization: Bearer {token}\r\n"
        self._lease = f"POST {where}/leases HTTP/1.1\r\n{rest}Content-Length: 0\r\n\r\n".encode()
        self._label = (
            f"POST {where}/labels HTTP/1.1\r\n{rest}"
            "Content-Type: application/json\r\nContent-Length: "
        )

    def lease(self) -> Request:
        return Request("lease", self._lease)

    def label(self, lease_id: str, answer: str, *, lease_next: bool) -> Request:
        body = (
            f'{{"lease_id":"{lease_id}","answer":"{answer}","active_seconds":5.0,'
            f'"lease_next":{"true" if lease_next else "false"}}}'
        )
        kind = "both" if lease_next else "label"
        return Request(kind, f"{self._label}{len(body)}\r\n\r\n{body}".encode())


class Player:
    """One annotator on one connection: what was asked, when, and what has come so far."""

    def __init__(self, port: int, acts: Annotator) -> None:
        """Connect and ask for the first task."""
        self.socket = socket.create_connection((LOOPBACK, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._acts = acts
        self._come = b""
        self._send(next(acts))

    def receive(self) -> tuple[str, float] | None:
        """Take what came; once a reply is whole, act on it. Return its kind and milliseconds.

        Raises StopIteration when the annotator has nothing left to do.
        """
        come = self.socket.recv(_READ_BYTES)
        if not come:
            raise ConnectionError("the server closed a connection")
        self._come += come
        reply = _whole(self._come)
        if reply is None:
            return None
        took = self.kind, (time.perf_counter() - self._asked_at) * 1000
        self._come = b""
        self._send(self._acts.send(reply))
        return took

    def _send(self, request: Request) -> None:
        self.kind = request.kind
        self._asked_at = time.perf_counter()
        self.socket.sendall(request.content)


def _whole(come: bytes) -> Reply | None:
    """Return the reply once all of it has come."""
    head, end, body = come.partition(b"\r\n\r\n")
    if not end:
        return None
    _, _, length = head.lower().partition(b"content-length:")
    if len(body) < int(length.split(b"\r\n", 1)[0]):
        return None
    return Reply(int(head[9:12]), body)


def play(orders: Orders) -> Findings:
    """Let all annotators work; what came in the warm-up is not measured, but acknowledged."""
    findings = Findings()
    with selectors.DefaultSelector() as selector:
        for token in orders.tokens:
            player = Player(orders.port, annotator(orders, token, findings))
            selector.register(player.socket, selectors.EVENT_READ, player)
        _loop(selector, time.monotonic() + orders.warm_up_seconds, None)
        _say("measuring")
        cpu = time.process_time()
        _loop(selector, time.monotonic() + orders.seconds, findings)
        findings.cpu_seconds = time.process_time() - cpu
        _say("measured")
    return findings


def _say(word: str) -> None:
    """Tell whoever started us, who then reads the server's clocks."""
    sys.stderr.write(word + "\n")
    sys.stderr.flush()


def _loop(selector: selectors.BaseSelector, until: float, findings: Findings | None) -> None:
    while selector.get_map() and time.monotonic() < until:
        for key, _ in selector.select(timeout=0.1):
            player: Player = key.data
            try:
                took = player.receive()
            except StopIteration:
                selector.unregister(player.socket)
                continue
            if took is not None and findings is not None:
                findings.milliseconds[took[0]].append(took[1])


if __name__ == "__main__":
    json.dump(asdict(play(Orders(**json.load(sys.stdin)))), sys.stdout)
