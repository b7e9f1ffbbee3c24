"""What every page is given: who looks at it, where the documentation lies, how refusals look."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError

from folkmoot import __version__
from folkmoot.identity.accounts import account_of
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.actor import Actor
from folkmoot.problems import Problem
from folkmoot.web.services import reading
from folkmoot.web.sessions import actor_or_none

# An area of the menu, and the permission that opens it.
AREAS = {
    "work": Permission.LABEL,
    "review": Permission.REVIEW,
    "officer": Permission.READ_LOG,
    "team": Permission.MANAGE_PROJECTS,
}


@dataclass(frozen=True)
class Viewer:
    """Who is signed in, as the pages name them."""

    id: str
    name: str
    email: str
    initials: str
    areas: frozenset[str]
    permissions: frozenset[str]


def install(app: Flask) -> None:
    """Give every template what it counts on."""
    app.context_processor(_common)
    app.url_defaults(_name_the_version)


def viewer_of(actor: Actor) -> Viewer:
    """Return an actor as the pages show it."""
    with reading() as uow:
        account = account_of(uow, actor.id)
    words = account.display_name.split() or [account.email]
    initials = "".join(word[0] for word in (words[:1] + words[1:][-1:]))
    return Viewer(
        id=str(account.id),
        name=account.display_name,
        email=account.email,
        initials=initials.upper(),
        areas=areas_of(actor),
        permissions=actor.permissions,
    )


def areas_of(actor: Actor) -> frozenset[str]:
    """Return the areas that an actor may enter."""
    return frozenset(area for area, permission in AREAS.items() if actor.may(permission))


def problem_page(problem: Problem) -> ResponseReturnValue:
    """Show a refusal to a person; who is not signed in is asked to, and comes back."""
    if problem.status == HTTPStatus.UNAUTHORIZED and request.method == "GET":
        going_on = request.full_path.removesuffix("?")
        return redirect(url_for("pages.sign_in", next=going_on), HTTPStatus.SEE_OTHER)
    return render_template("errors/problem.html", problem=problem), problem.status


def _common() -> dict[str, Any]:
    return {
        "viewer": _viewer(),
        "docs_url": url_for("docs.api"),
        "version": __version__,
    }


def _viewer() -> Viewer | None:
    try:
        actor = actor_or_none()
        return viewer_of(actor) if actor else None
    except OperationalError:
        # The page that says that the database is down must not need it.
        return None


def _name_the_version(endpoint: str, values: dict[str, Any]) -> None:
    # A changed file gets another address, so that browsers may keep each for long.
    if endpoint == "static" and current_app.static_folder is not None:
        values["v"] = _digest_of(Path(current_app.static_folder) / values["filename"])


@cache
def _digest_of(path: Path) -> str | None:
    return sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else None
