"""The documentation pages: everything that the API and its refusals name is there."""

from collections.abc import Callable

from flask import Flask

from folkmoot.kernel.errors import DomainError

Open = Callable[[str], object]


def test_the_api_page_shows_every_operation_with_its_permission_to_anybody(app: Flask) -> None:
    page = app.test_client().get("/docs/api")
    described = app.test_client().get("/api/v1/openapi.json").get_json()
    assert page.status_code == 200
    for path, methods in described["paths"].items():
        assert path in page.text
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page.text
    assert "policy:set" in page.text


def test_every_shape_that_the_api_page_links_to_is_on_it(app: Flask) -> None:
    page = app.test_client().get("/docs/api").text
    targets = {part.split('"')[0] for part in page.split('href="#')[1:]}
    assert len(targets) > 50
    assert not [target for target in targets if f'id="{target}"' not in page]


def test_every_problem_links_to_its_place_on_the_problems_page(app: Flask) -> None:
    page = app.test_client().get("/docs/problems").text
    kinds = DomainError.__subclasses__() + [
        deeper for kind in DomainError.__subclasses__() for deeper in kind.__subclasses__()
    ]
    for kind in kinds:
        assert f'id="{kind.code}"' in page
    for address, method in (("/api/v1/nothing", "GET"), ("/api/v1/me", "PATCH")):
        problem = app.test_client().open(address, method=method).get_json()
        assert f'id="{problem["type"].partition("#")[2]}"' in page
