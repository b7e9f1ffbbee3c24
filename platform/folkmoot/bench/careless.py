"""A client that does not take care, and a room to see what becomes of what it sends."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import requests
import sqlalchemy as sa

from crowd.models import Label
from crowd.tables import EARNING, LABEL
from folkmoot.bench.house import House
from folkmoot.identity.permissions import Role
from folkmoot.kernel.actor import Actor

LEASE_SECONDS = 10
TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Answered:
    """What the server said: its status, and the problem's code where it refused."""

    status: int
    body: dict[str, object]

    @property
    def words(self) -> str:
        """Return status and refusal in a few words."""
        kind = str(self.body.get("type", "")).rpartition("#")[2]
        return f"{self.status} {kind}".strip()


@dataclass(frozen=True)
class Probe:
    """One careless act: what was answered, what was stored, and whether that is right."""

    name: str
    answers: Sequence[str]
    stored: str
    is_right: bool


class Client:
    """One annotator's program, which sends what it is told to, once."""

    def __init__(self, house: House) -> None:
        """Make an account for it."""
        self._url = f"{house.url}/api/v1"
        self._headers = {"Authorization": f"Bearer {house.token(Role.ANNOTATOR)}"}

    def post(self, path: str, body: object = None, key: str = "") -> Answered:
        """Send a request, and return the answer whatever it is."""
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        answer = requests.post(
            self._url + path, json=body, headers=headers, timeout=TIMEOUT_SECONDS
        )
        return Answered(answer.status_code, answer.json() if answer.content else {})

    def lease(self, project_id: UUID) -> str:
        """Ask for the next task, and return the lease's id; empty where there is none."""
        lease = self.post(f"/projects/{project_id}/leases").body.get("lease")
        return str(lease["lease_id"]) if isinstance(lease, dict) else ""

    def label(
        self, project_id: UUID, lease_id: str, answer: str = "yes", key: str = ""
    ) -> Answered:
        """Answer a leased task."""
        body = {"lease_id": lease_id, "answer": answer, "active_seconds": 1}
        return self.post(f"/projects/{project_id}/labels", body, key)

    def revise(self, label_id: object, answer: str) -> Answered:
        """Put another answer in the place of one's own."""
        return self.post(f"/labels/{label_id}/revisions", {"answer": answer})


@dataclass(frozen=True)
class Room:
    """Where a probe happens: a project of its own with one task."""

    house: House
    team: Actor
    project_id: UUID

    def client(self) -> Client:
        """Return another annotator's program."""
        return Client(self.house)

    def labels(self) -> list[Label]:
        """Return what is stored, oldest first."""
        statement = sa.select(LABEL).where(LABEL.c.project_id == self.project_id)
        with self.house.services.reading() as uow:
            rows = uow.session.connection().execute(statement.order_by(LABEL.c.id))
            return [Label(**row._mapping) for row in rows]

    def n_paid(self) -> int:
        """Count the lines of the ledger."""
        statement = sa.select(sa.func.count()).where(EARNING.c.project_id == self.project_id)
        with self.house.services.reading() as uow:
            return int(uow.session.connection().execute(statement).scalar_one())

    def probe(self, name: str, answers: Sequence[Answered], *, right: bool) -> Probe:
        """Put down what was answered and what is stored now."""
        kept = ", ".join(
            f"{one.answer} {one.fate.value}{'' if one.is_current else ', superseded'}"
            for one in self.labels()
        )
        stored = f"{kept or 'no label'}; {self.n_paid()} paid"
        return Probe(name, [answer.words for answer in answers], stored, right)
