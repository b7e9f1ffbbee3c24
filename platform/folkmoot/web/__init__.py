"""Pages, for people: server-rendered, each area of work in a module of its own."""

from flask import Flask

from folkmoot.bootstrap import Services
from folkmoot.web import (
    annotator,
    docs,
    frame,
    home,  # adds the first page to the common pages
    officer,
    reviewer,
    sessions,
    sign_in,
    team,
)
from folkmoot.web.frame import problem_page

__all__ = ["install", "problem_page"]


def install(app: Flask, services: Services) -> None:
    """Add the pages to the application."""
    sessions.install(app, services)
    frame.install(app)
    sign_in.install(app, services)
    for area in (annotator, reviewer, officer, team, docs):
        app.register_blueprint(area.blueprint)
