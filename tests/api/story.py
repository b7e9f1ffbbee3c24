"""Steps of the story over HTTP, for tests that need a project which has come a long way."""

from collections.abc import Callable, Sequence
from typing import Any

from .conftest import PROJECT, Person

RunJobs = Callable[[], None]
Habit = Callable[[dict[str, Any]], str]

CHOICES = ("yes", "no")
PATIENTS = 60
POLICY = {
    "hold_below": 0.75,
    "high_stakes": [{"field": "age", "operator": "at_least", "value": 70.0}],
    "shortest_reason": 10,
    "gate": {"max_error_increase": 0.5, "max_gap_increase": 0.5, "smallest_group": 5},
}


def truth_of(number: int) -> str:
    """Return what is true of a patient; every fifth is an exception to the rule."""
    return CHOICES[(number >= PATIENTS // 2) == (number % 5 != 0)]


def payload_of(number: int) -> dict[str, Any]:
    return {"pressure": float(number), "age": 20 + number % 60, "sex": str(1 + number % 2)}


def patients_csv(numbers: Sequence[int], *, gold: Sequence[int] = ()) -> bytes:
    lines = ["external_id,pressure,age,sex,gold"]
    for number in numbers:
        fields = payload_of(number).values()
        known = truth_of(number) if number in gold else ""
        lines.append(",".join([f"p{number}", *map(str, fields), known]))
    return "\n".join(lines).encode()


def import_csv(team: Person, project_id: str, content: bytes) -> str:
    """Send a file of tasks, and return the import's id."""
    answer = team.post(
        f"/projects/{project_id}/imports?file_name=patients.csv",
        data=content,
        content_type="text/csv",
    )
    assert answer.status_code == 202, answer.text
    return str(answer.get_json()["id"])


def made(answer: Any, status: int = 201) -> dict[str, Any]:
    """Return what a call made, or fail with what it said."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.get_json()
    return body


def patients_project(team: Person, run_jobs: RunJobs, **changes: Any) -> str:
    """Make and open a project of patients with their outcomes, and return its id."""
    rules = {"floor": 2, "ceiling": 3, "confidence": 0.8, "group_fields": {"sex": []}, **changes}
    project_id = str(made(team.post("/projects", {**PROJECT, **rules}))["id"])
    import_csv(team, project_id, patients_csv(range(PATIENTS)))
    run_jobs()
    rows = [{"external_id": f"p{n}", "answer": truth_of(n)} for n in range(PATIENTS)]
    made(team.post(f"/projects/{project_id}/outcomes", {"source": "a year later", "rows": rows}))
    made(team.put(f"/projects/{project_id}/state", {"state": "open"}), 200)
    return project_id


def rightly(payload: dict[str, Any]) -> str:
    return truth_of(round(payload["pressure"]))


def label_everything(annotator: Person, project_id: str, habit: Habit = rightly) -> list[str]:
    """Label until nothing is left, and return the ids of the acknowledged labels."""
    labels = []
    lease = made(annotator.post(f"/projects/{project_id}/leases"))["lease"]
    while lease is not None:
        body = {
            "lease_id": lease["lease_id"],
            "answer": habit(lease["payload"]),
            "active_seconds": 4,
            "lease_next": True,
        }
        answered = made(annotator.post(f"/projects/{project_id}/labels", body))
        labels.append(answered["label"]["id"])
        lease = answered["lease"]
    return labels


def finished_run(
    team: Person, run_jobs: RunJobs, project_id: str, method: str = "majority"
) -> dict[str, Any]:
    run = made(team.post(f"/projects/{project_id}/consensus-runs", {"method": method}), 202)
    run_jobs()
    return made(team.get(f"/consensus-runs/{run['id']}"), 200)


def finished_data_set(team: Person, run_jobs: RunJobs, project_id: str) -> dict[str, Any]:
    data_set = made(team.post(f"/projects/{project_id}/data-sets", {}), 202)
    run_jobs()
    return made(team.get(f"/data-sets/{data_set['id']}"), 200)


def trained_version(
    team: Person, run_jobs: RunJobs, model_id: str, data_set_id: str
) -> dict[str, Any]:
    body = {"data_set_id": data_set_id, "parameters": {"held_out_share": 0.4, "seed": 7}}
    version = made(team.post(f"/models/{model_id}/versions", body), 202)
    run_jobs()
    return made(team.get(f"/model-versions/{version['id']}"), 200)


def decided(team: Person, run_jobs: RunJobs, model_id: str, numbers: Sequence[int]) -> str:
    """Submit new patients for decision, and return the batch's id."""
    cases = [{"case_ref": f"c{n}", "payload": payload_of(n)} for n in numbers]
    batch = made(team.post(f"/models/{model_id}/decisions", {"cases": cases}), 202)
    run_jobs()
    return str(batch["id"])


def next_case(reviewer: Person) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Claim the next case and look at it: the decision and the view, or None."""
    decision = made(reviewer.post("/reviews/next"))["decision"]
    if decision is None:
        return None
    return decision, made(reviewer.post(f"/decisions/{decision['id']}/views"))
