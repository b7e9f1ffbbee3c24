"""A witness served over real HTTP, and a log whose requests a test writes by hand."""

import http.client
import socketserver
import wsgiref.simple_server
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

from audit.merkle import leaf_hash, prove_consistency, root_of
from audit.notes import Checkpoint
from audit.signing_keys import SigningKey
from audit.witness_messages import ADD_CHECKPOINT, AddCheckpoint

ORIGIN = "log.example/witnessed"


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class QuietHandler(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(app: WSGIApplication) -> Iterator[str]:
    server = wsgiref.simple_server.make_server("127.0.0.1", 0, app, Server, QuietHandler)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Answered:
    status: int
    content_type: str
    text: str


def send(url: str, body: bytes, *, method: str = "POST", path: str = ADD_CHECKPOINT) -> Answered:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return Answered(answer.status, answer.getheader("Content-Type", ""), answer.read().decode())
    finally:
        connection.close()


@dataclass
class HandLog:
    """A log that says what a test wants, true or not."""

    key: SigningKey = field(default_factory=lambda: SigningKey.generate(ORIGIN))
    history: str = "true"

    def leaves(self, size: int, *, forked_at: int | None = None) -> list[bytes]:
        fork = size if forked_at is None else forked_at
        return [
            leaf_hash(f"{n} {self.history if n < fork else 'forged'}".encode()) for n in range(size)
        ]

    def asks(
        self,
        old_size: int,
        size: int,
        *,
        forked_at: int | None = None,
        proof: Sequence[bytes] | None = None,
        key: SigningKey | None = None,
        origin: str = ORIGIN,
    ) -> bytes:
        leaves = self.leaves(size, forked_at=forked_at)
        note = Checkpoint(origin, size, root_of(leaves)).sign(key or self.key)
        path = prove_consistency(leaves, old_size).path if proof is None else tuple(proof)
        return AddCheckpoint(old_size, tuple(path), note).to_bytes()
