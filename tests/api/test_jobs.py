"""Jobs over HTTP: how far one's own work is."""

from collections.abc import Callable

from .conftest import Person
from .story import made
from .test_calling import refused


def test_a_job_is_shown_to_who_asked_for_it_and_to_nobody_else(
    officer: Person, team: Person, run_jobs: Callable[[], None]
) -> None:
    job = made(officer.post("/log/verifications"), 202)
    assert (job["state"], job["attempts"]) == ("due", 0)
    refused(team.get(f"/jobs/{job['id']}"), 404)
    run_jobs()
    done = made(officer.get(f"/jobs/{job['id']}"), 200)
    assert (done["state"], done["attempts"]) == ("done", 1)
    assert done["finished_at"] is not None
