"""Reports over HTTP: declared in full, computed by a job, kept with a digest."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from ..conftest import Person
from ..story import made
from ..test_calling import refused
from .conftest import World


def asked(officer: Person, world: World, **body: Any) -> Any:
    return officer.post(f"/projects/{world.project_id}/reports", {"definition": {}, **body})


def test_a_report_on_a_model_compares_the_projects_groups(
    officer: Person, world: World, run_jobs: Callable[[], None]
) -> None:
    body = {"kind": "model_fairness", "model_version_id": world.version_id}
    report = made(asked(officer, world, **body), 202)
    assert report["definition"]["attributes"] == [{"field": "sex", "bands": []}]
    assert report["definition"]["positive"] == "yes"
    run_jobs()
    done = made(officer.get(f"/reports/{report['id']}"), 200)
    assert (done["state"], len(done["digest"])) == ("finished", 64)
    assert done["log_size"] > 0
    rates = [one["rates"]["error_rate"]["state"] for one in done["result"]["report"]["groups"]]
    assert "not_estimable" in rates  # 12 patients of each sex are held out; 30 are asked for


def test_a_report_on_annotators_names_them_by_pseudonym(
    officer: Person, world: World, run_jobs: Callable[[], None]
) -> None:
    report = made(asked(officer, world, kind="annotator_fairness"), 202)
    run_jobs()
    result = made(officer.get(f"/reports/{report['id']}"), 200)["result"]
    assert set(result["people"]) == {"A1", "A2"}
    assert result["labels"] == 120


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "horoscope"}, "/kind"),
        ({"kind": "model_fairness"}, "/model_version_id"),
        ({"kind": "annotator_fairness", "definition": {"positive": "maybe"}},
         "/definition/positive"),
        ({"kind": "annotator_fairness", "definition": {"smallest_group": 1}},
         "/definition/smallest_group"),
        ({"kind": "annotator_fairness",
          "definition": {"attributes": [{"field": "sex"}, {"field": "sex"}]}},
         "/definition/attributes"),
    ],
)  # fmt: skip
def test_a_report_on_what_cannot_be_compared_is_refused_and_not_kept(
    body: dict[str, object], pointer: str, officer: Person, world: World
) -> None:
    problem = refused(asked(officer, world, **body), 422)
    assert problem["fields"][0]["pointer"] == pointer
    listed = made(officer.get(f"/projects/{world.project_id}/reports"), 200)
    assert listed["items"] == []


def test_a_version_of_nowhere_is_not_found(officer: Person, world: World) -> None:
    body = {"kind": "model_fairness", "model_version_id": str(uuid4())}
    refused(asked(officer, world, **body), 404)
    refused(officer.get(f"/reports/{uuid4()}"), 404)


def test_a_report_needs_its_permission(reviewer: Person, world: World) -> None:
    answer = asked(reviewer, world, kind="annotator_fairness")
    assert "reports:run" in refused(answer, 403)["detail"]
