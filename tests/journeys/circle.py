"""The story of the demo in small, over HTTP; each step runs once, when it is first asked for."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from random import Random
from typing import Any

from flask import Flask

from folkmoot.bootstrap import Services
from folkmoot.demo.crowd import Habit, always, right_with
from folkmoot.demo.patients import load_study
from folkmoot.identity.permissions import Role

from ..api.conftest import Person, make_person, run_due_jobs
from ..api.story import (
    POLICY,
    finished_data_set,
    finished_run,
    label_everything,
    made,
    next_case,
    trained_version,
)

SLUG = "close-follow-up"
PROJECT = {
    "slug": SLUG,
    "title": "Does this patient need close follow-up?",
    "answer_schema": {"choices": ["yes", "no"]},
    "instructions": "Say yes where the disease will progress fast.",
    "floor": 3,
    "ceiling": 5,
    "confidence": 0.8,
    "gold_share": 0.1,
    "pay_minor": 4,
    "group_fields": {"sex": [], "age": [40, 60]},
}
N_TASKS, N_GOLD, N_CASES = 60, 6, 25
HABITS: dict[str, Habit] = {
    **{name: right_with(0.9) for name in ("Ada", "Bela", "Chidi", "Dana")},
    "Hana": right_with(0.5),
    "Jun": always("yes"),
}
REASON = {"reason_codes": ["new_evidence"], "reason_text": "A second visit says otherwise."}


class Circle:
    """The whole circle on one database."""

    def __init__(self, app: Flask, services: Services) -> None:
        study = load_study()
        self.services = services
        self.patients = study.tasks[:N_TASKS]
        self.cases = study.cases[:N_CASES]
        self.run_jobs = partial(run_due_jobs, services)
        self.team = make_person(app, services, Role.TEAM)
        self.officer = make_person(app, services, Role.OFFICER)
        self.reviewer = make_person(app, services, Role.REVIEWER)
        self.annotators = {
            name: make_person(app, services, Role.ANNOTATOR, name=name) for name in HABITS
        }

    @cached_property
    def project_id(self) -> str:
        """Step 1: a project, its tasks, some of them gold, its outcomes; open."""
        project_id = str(made(self.team.post("/projects", PROJECT))["id"])
        self.import_id = self._imported(project_id)
        rows = [
            {"external_id": one.name, "answer": one.needs_follow_up}
            for one in (*self.patients, *self.cases)
        ]
        outcomes = {"source": "progression after a year", "rows": rows}
        made(self.team.post(f"/projects/{project_id}/outcomes", outcomes))
        made(self.team.put(f"/projects/{project_id}/state", {"state": "open"}), 200)
        return project_id

    def _imported(self, project_id: str) -> str:
        rows = [
            {
                "external_id": one.name,
                **one.record,
                **({"gold": one.needs_follow_up} if place < N_GOLD else {}),
            }
            for place, one in enumerate(self.patients)
        ]
        path = f"/projects/{project_id}/imports"
        query = {"file_name": "patients.json"}
        imported = made(self.team.post(path, rows, query_string=query), 202)
        self.run_jobs()
        return str(imported["id"])

    @cached_property
    def acknowledged(self) -> list[str]:
        """Step 2: six annotators label at once; the labels that they were told of."""
        labels: list[str] = []
        with ThreadPoolExecutor(len(HABITS)) as pool:
            while day := [one for day in pool.map(self._one_day, HABITS) for one in day]:
                labels += day
        return labels

    def _one_day(self, name: str) -> list[str]:
        known = {str(sorted(one.record.items())): one for one in self.patients}

        def habit(payload: dict[str, Any]) -> str:
            patient = known[str(sorted(payload.items()))]
            return HABITS[name](patient, Random(f"{name} {patient.name}"))

        return label_everything(self.annotators[name], self.project_id, habit)

    @cached_property
    def runs(self) -> dict[str, dict[str, Any]]:
        """Step 3: consensus by both methods."""
        assert self.acknowledged
        return {
            method: finished_run(self.team, self.run_jobs, self.project_id, method)
            for method in ("majority", "dawid_skene")
        }

    @cached_property
    def model_id(self) -> str:
        path = f"/projects/{self.project_id}"
        made(self.officer.put(f"{path}/policy", POLICY), 200)
        return str(made(self.team.post(f"{path}/models", {"name": "Follow-up"}))["id"])

    @cached_property
    def first_data_set(self) -> dict[str, Any]:
        assert self.runs
        return finished_data_set(self.team, self.run_jobs, self.project_id)

    @cached_property
    def first_version(self) -> dict[str, Any]:
        """Step 4: a version, not yet promoted."""
        return trained_version(self.team, self.run_jobs, self.model_id, self.first_data_set["id"])

    def report(self, kind: str, **what: Any) -> dict[str, Any]:
        path = f"/projects/{self.project_id}/reports"
        body = {"kind": kind, "definition": {"smallest_group": 5}, **what}
        asked = made(self.officer.post(path, body), 202)
        self.run_jobs()
        return made(self.officer.get(f"/reports/{asked['id']}"), 200)

    @cached_property
    def batch(self) -> dict[str, Any]:
        """Step 5: other patients become decisions."""
        made(self.officer.post(f"/model-versions/{self.first_version['id']}/promotion"))
        cases = [{"case_ref": one.name, "payload": one.record} for one in self.cases]
        path = f"/models/{self.model_id}/decisions"
        asked = made(self.team.post(path, {"cases": cases}), 202)
        self.run_jobs()
        return made(self.team.get(f"/decision-batches/{asked['id']}"), 200)

    @cached_property
    def reviews(self) -> list[dict[str, Any]]:
        """Step 5: the reviewer works the queue; the first case is set aside."""
        assert self.batch
        return list(self._worked_queue())

    def _worked_queue(self) -> Iterator[dict[str, Any]]:
        truth = {one.name: one.needs_follow_up for one in self.cases}
        place = 0
        while (case := next_case(self.reviewer)) is not None:
            decision, view = case
            act = _act_on(decision, truth[decision["case_ref"]], place)
            body = {"case_view_id": view["case_view_id"], **act}
            yield made(self.reviewer.post(f"/decisions/{decision['id']}/reviews", body))
            place += 1

    @cached_property
    def second_version(self) -> dict[str, Any]:
        """Step 6: what reviewers said joins the labels; the next version is promoted."""
        assert self.reviews
        finished_run(self.team, self.run_jobs, self.project_id, "dawid_skene")
        data_set = finished_data_set(self.team, self.run_jobs, self.project_id)
        version = trained_version(self.team, self.run_jobs, self.model_id, data_set["id"])
        made(self.officer.post(f"/model-versions/{version['id']}/promotion"))
        return made(self.team.get(f"/model-versions/{version['id']}"), 200)


def _act_on(decision: dict[str, Any], truth: str, place: int) -> dict[str, Any]:
    if place == 0:
        return {"act": "disregard", **REASON}
    if decision["proposed"] == truth:
        return {"act": "confirm"}
    return {"act": "override", "answer": truth, **REASON}


def every(person: Person, path: str) -> list[dict[str, Any]]:
    """Return every row of a list, page after page."""
    rows: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 200}
    while True:
        page = made(person.get(path, query_string=query), 200)
        rows += page["items"]
        if page["next_cursor"] is None:
            return rows
        query["cursor"] = page["next_cursor"]
