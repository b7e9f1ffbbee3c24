"""The first page: what this is, or what waits for you."""

from dataclasses import dataclass

from flask import render_template, url_for

from folkmoot.identity.access import actor_or_none, public
from folkmoot.web.frame import areas_of
from folkmoot.web.sign_in import blueprint


@dataclass(frozen=True)
class Doorway:
    """One area on the first page."""

    area: str
    title: str
    text: str
    url: str
    action: str


DOORWAYS = (
    ("work", "Label", "Tasks that wait for your judgement.", "annotator.projects", "Choose a task"),
    ("review", "Review", "Decisions held for a human.", "reviewer.queue", "Open the queue"),
    ("officer", "Oversight", "Proof, fairness and overrides.", "officer.overview", "Look"),
    ("team", "Projects", "From tasks to trusted data sets.", "team.projects", "Open projects"),
)


@blueprint.get("/")
@public
def home() -> str:
    """Show what waits for whoever is signed in, or what Folkmoot is."""
    actor = actor_or_none()
    areas = areas_of(actor) if actor else frozenset()
    waiting = [
        Doorway(area, title, text, url_for(endpoint), action)
        for area, title, text, endpoint, action in DOORWAYS
        if area in areas
    ]
    return render_template("home.html", waiting=waiting)
