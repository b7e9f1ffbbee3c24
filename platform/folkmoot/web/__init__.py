"""Pages, for people: server-rendered, each area of work in a module of its own.

`home` is imported for what it does: it adds the first page to the common pages.
"""

from flask import Flask

from folkmoot.bootstrap import Services
from folkmoot.web import (
    annotator,
    docs,
    frame,
    home,
    officer,
    reviewer,
    sessions,
    sign_in,
    team,
)
from folkmoot.web.frame import problem_page

__all__ = ["home", "install", "problem_page"]


def install(app: Flask, services: Services) -> None:
    """Add the pages to the application."""
    sessions.install(app, services)
    frame.install(app)
    sign_in.install(app, services)
    for area in (annotator, reviewer, officer, team, docs):
        app.register_blueprint(area.blueprint)
