"""Every route that changes something leaves an entry, or says here why it rightly leaves none."""

import pytest
from flask import Flask

from audit.reconciling import reconcile
from folkmoot.api import OPERATIONS
from folkmoot.bootstrap import Services
from folkmoot.identity.access import access_of
from folkmoot.jobs.audit_jobs import CLAIMS

from ..api.conftest import app, migrated, services  # noqa: F401
from .every_route import Story, tell

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
LEASED = "A lease is a right for minutes; what is answered under it is kept."
ANSWERED = (
    "An answer is its own record: never changed, paid by a row of its own, and named with all "
    "others by the consensus that it goes into. What takes it back or replaces it is recorded."
)
CLAIMED = "Who looks at a case is recorded when it is shown, and what they did when they act."
REQUESTED = "The check itself is recorded when it has run, with what it found."
IMPORTED = "The file is recorded when it has been read, by whom it was sent: what it added."
# Routes that rightly leave none: which, and why.
WITHOUT_ENTRY = {
    "lease_next_task": LEASED,
    "renew_lease": LEASED,
    "skip_task": LEASED,
    "release_lease": LEASED,
    "beat": LEASED,
    "submit_label": ANSWERED,
    "import_tasks": IMPORTED,
    "team.import_tasks": IMPORTED,
    "claim_next_case": CLAIMED,
    "verify_log": REQUESTED,
    "annotator.next_task": LEASED,
    "annotator.skip": LEASED,
    "annotator.release": LEASED,
    "annotator.beat": LEASED,
    "annotator.answers": ANSWERED,
    "annotator.undo": "It only opens an answer to be changed; the change is recorded.",
    "reviewer.give_back": CLAIMED,
    "officer.verify": REQUESTED,
    "officer.reconcile": REQUESTED,
}


@pytest.fixture
def story(app: Flask, services: Services) -> Story:  # noqa: F811
    return Story(app, services)


def changing_routes(app: Flask) -> set[str]:  # noqa: F811
    operations = {one.name for one in OPERATIONS if one.changes}
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if (rule.methods or set()) & CHANGING
        and not rule.rule.startswith("/api/")
        and access_of(app.view_functions[rule.endpoint]) is not None
    }
    return operations | pages


def test_every_change_leaves_an_entry(app: Flask, story: Story) -> None:  # noqa: F811
    tell(story)
    assert changing_routes(app) - set(story.left) == set(), (
        "call them in tests/journeys/every_route"
    )
    silent = {name for name, left in story.left.items() if not left}
    assert silent == set(WITHOUT_ENTRY)

    story.run_jobs()
    with story.services.reading() as uow:
        compared = list(reconcile(uow, CLAIMS))
    assert [(one.name, one.findings) for one in compared if one.findings] == []
    # A kind that the story never met would agree for nothing.
    assert [one.name for one in compared if not one.n_rows and one.n_entries] == []
