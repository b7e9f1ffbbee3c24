"""The foot of a list that goes on: a link to what is older, and back to the newest."""

from dataclasses import dataclass

from flask import request, url_for

from folkmoot.kernel.pagination import Page, PageRequest

ROWS = 50


@dataclass(frozen=True)
class Pagination:
    """Where the neighbouring pages lie; None where there is none."""

    previous_url: str | None
    next_url: str | None
    text: str | None = None


def wanted_page(rows: int = ROWS) -> PageRequest:
    """Return which page the address asks for."""
    return PageRequest(cursor=request.args.get("after") or None, limit=rows)


def pagination_of(page: Page[object]) -> Pagination:
    """Return the links below a page; pages go forward by cursor, and back to the first."""
    kept = {name: value for name, value in request.args.items() if name != "after" and value}
    kept.update({name: str(value) for name, value in (request.view_args or {}).items()})
    endpoint = request.endpoint or ""
    return Pagination(
        previous_url=url_for(endpoint, **kept) if request.args.get("after") else None,
        next_url=url_for(endpoint, **kept, after=page.next_cursor) if page.next_cursor else None,
    )
