"""Tasks, imports and instructions over HTTP: what the team's pages show, programs can read too."""

from collections.abc import Callable

from .conftest import PROJECT, Person
from .story import import_csv, label_everything, made, patients_csv
from .test_calling import refused

RunJobs = Callable[[], None]


def small_project(team: Person, run_jobs: RunJobs, *, slug: str) -> str:
    """Make and open a project of three tasks, the last of them gold, and return its id."""
    rules = {"slug": slug, "floor": 1, "ceiling": 2, "confidence": 0.6}
    project_id = str(made(team.post("/projects", {**PROJECT, **rules}))["id"])
    import_csv(team, project_id, patients_csv([1, 2, 3], gold=[3]))
    run_jobs()
    made(team.put(f"/projects/{project_id}/state", {"state": "open"}), 200)
    return project_id


def test_the_tasks_of_a_project_are_listed_and_found(
    team: Person, annotator: Person, run_jobs: RunJobs
) -> None:
    project_id = small_project(team, run_jobs, slug="wanted")
    small_project(team, run_jobs, slug="noise")
    tasks = f"/projects/{project_id}/tasks"
    listed = made(team.get(tasks), 200)["items"]
    assert [one["external_id"] for one in listed] == ["p1", "p2", "p3"]
    assert [one["gold_answer"] is None for one in listed] == [True, True, False]
    found = made(team.get(f"{tasks}?search=p2&state=open"), 200)["items"]
    assert [one["external_id"] for one in found] == ["p2"]
    # Gold has no places that wait for an answer.
    complete = made(team.get(f"{tasks}?state=complete"), 200)["items"]
    assert [one["external_id"] for one in complete] == ["p3"]
    refused(annotator.get(tasks), 403)


def test_one_task_tells_who_was_given_it_why_and_what_became_of_it(
    team: Person, annotator: Person, run_jobs: RunJobs
) -> None:
    project_id = small_project(team, run_jobs, slug="wanted")
    label_everything(annotator, project_id)
    made(team.post(f"/projects/{project_id}/consensus-runs", {"method": "majority"}), 202)
    run_jobs()
    for listed in made(team.get(f"/projects/{project_id}/tasks"), 200)["items"][:2]:
        story = made(team.get(f"/tasks/{listed['id']}"), 200)
        (given,), (lease,) = story["labels"], story["leases"]
        assert story["task"] == listed
        assert given["label"]["task_id"] == listed["id"]
        assert (lease["reason"], lease["state"]) == ("order", "labelled")
        assert lease["annotator_id"] == given["label"]["annotator_id"]
        assert [one["answer"] for one in story["consensus"]] == [given["label"]["answer"]]
    refused(annotator.get(f"/tasks/{listed['id']}"), 403)


def test_the_imports_of_a_project_are_listed_newest_first(team: Person, run_jobs: RunJobs) -> None:
    project_id = small_project(team, run_jobs, slug="wanted")
    small_project(team, run_jobs, slug="noise")
    newest = import_csv(team, project_id, patients_csv([4]))
    listed = made(team.get(f"/projects/{project_id}/imports"), 200)["items"]
    assert [(one["id"] == newest, one["state"]) for one in listed] == [
        (True, "requested"),
        (False, "finished"),
    ]
    assert listed[1] == made(team.get(f"/imports/{listed[1]['id']}"), 200)


def test_every_version_of_the_instructions_can_be_read(team: Person) -> None:
    project_id = made(team.post("/projects", PROJECT))["id"]
    path = f"/projects/{project_id}/instructions"
    made(team.put(path, {"text": "Look twice."}), 200)
    newest = made(team.get(path), 200)
    assert (newest["version"], newest["text"]) == (2, "Look twice.")
    assert made(team.get(f"{path}?version=1"), 200)["text"] == PROJECT["instructions"]
    refused(team.get(f"{path}?version=3"), 404)
