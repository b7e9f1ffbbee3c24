"""What the steps of the story share: who takes part, what they made so far, how to wait."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from folkmoot.bootstrap import Services
from folkmoot.demo.patients import Study
from folkmoot.demo.people import People
from folkmoot.demo.telling import Teller
from folkmoot.kernel.errors import Unavailable
from folkmoot_client import Connection
from folkmoot_client.connection import JsonObject

WAIT_SECONDS = 300
POLL_SECONDS = 0.15
UNFINISHED = {"requested", "training", "due", "running"}
SLUG = "close-follow-up"


@dataclass
class Tale:
    """The story so far."""

    services: Services
    folder: Path
    url: str
    people: People
    study: Study
    teller: Teller
    project_id: str = ""
    model_id: str = ""
    versions: list[JsonObject] = field(default_factory=list)
    reports: list[JsonObject] = field(default_factory=list)
    override_entry_id: str = ""

    def finished(self, connection: Connection, path: str) -> JsonObject:
        """Wait for a piece of background work, and return what it made."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            found = connection.get(path)
            if found["state"] == "failed":
                raise Unavailable(f"The work at {path} failed; see the logs in {self.folder}.")
            if found["state"] not in UNFINISHED:
                return found
            time.sleep(POLL_SECONDS)
        raise Unavailable(f"The work at {path} is not done after {WAIT_SECONDS} seconds.")

    def consensus(self, method: str) -> JsonObject:
        """Aggregate the labels as a job, and return the run."""
        team = self.people.team
        run = team.post(f"/projects/{self.project_id}/consensus-runs", {"method": method})
        return self.finished(team, f"/consensus-runs/{run['id']}")

    def data_set(self, run: JsonObject) -> JsonObject:
        """Write a run out as a data set, and return it."""
        team = self.people.team
        body = {"consensus_run_id": run["id"]}
        made = team.post(f"/projects/{self.project_id}/data-sets", body)
        return self.finished(team, f"/data-sets/{made['id']}")

    def version(self, data_set: JsonObject) -> JsonObject:
        """Train the next version on a data set, and return it once it has been compared."""
        team = self.people.team
        body = {"data_set_id": data_set["id"], "parameters": {"held_out_share": 0.4, "seed": 7}}
        asked = team.post(f"/models/{self.model_id}/versions", body)
        version = self.finished(team, f"/model-versions/{asked['id']}")
        self.versions.append(version)
        return version

    def report(self, kind: str, **what: object) -> JsonObject:
        """Run a report, and return it."""
        officer = self.people.officer
        body = {"kind": kind, "definition": {}, **what}
        asked = officer.post(f"/projects/{self.project_id}/reports", body)
        report = self.finished(officer, f"/reports/{asked['id']}")
        self.reports.append(report)
        return report
