"""Every address says who may open it, and every operation of the API says what it does."""

import ast
import inspect

import pytest
from flask import Flask

from folkmoot.api import OPERATIONS, v1
from folkmoot.identity.access import Access, access_of
from folkmoot.identity.permissions import Permission


def test_every_address_says_who_may_open_it(app: Flask) -> None:
    silent = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if access_of(app.view_functions[rule.endpoint]) is None
    ]

    assert silent == []


def test_what_changes_something_is_not_open_to_all(app: Flask) -> None:
    changing = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.methods
        and rule.methods & {"POST", "PUT", "PATCH", "DELETE"}
        and _access(app, rule.endpoint).is_public
    }

    # Where people and machines sign in, nobody is known yet; who is not, may sign out again.
    assert changing <= {"/sign-in", "/sign-out", "/oauth/token", "/oauth/revoke"}


def _access(app: Flask, endpoint: str) -> Access:
    access = access_of(app.view_functions[endpoint])
    assert access is not None
    return access


def test_every_permission_opens_something(app: Flask) -> None:
    used = {_access(app, rule.endpoint).permission for rule in app.url_map.iter_rules()}

    assert set(Permission) - used == set()


def test_every_operation_of_the_api_says_what_it_does() -> None:
    silent = [one.name for one in OPERATIONS if not inspect.getdoc(one.handler) or not one.tag]

    assert silent == []
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)


def test_every_area_of_the_api_is_served() -> None:
    modules = {name for name, value in vars(v1).items() if hasattr(value, "api")}
    assert len(v1.ALL) == len(modules)


def test_routes_only_translate(sources) -> None:
    """A view that reaches into the session decides something that belongs in a service."""
    reaching = [
        f"{path}:{node.lineno}"
        for path, tree in sources.items()
        if path.startswith(("platform/folkmoot/web/", "platform/folkmoot/api/"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "session"
        and ast.unparse(node).endswith("uow.session")
    ]

    assert reaching == []


@pytest.mark.parametrize("path", ["/api/v1/projects", "/label", "/review", "/governance"])
def test_nothing_but_sign_in_is_shown_to_strangers(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)

    assert answer.status_code in {302, 303, 401}
