"""The foot of a list that goes on: a link to what is older, and back to the newest."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request

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
    # Not by url_for: the names in an address are anybody's choice, and some mean things to it.
    kept = {name: value for name, value in request.args.items() if name != "after" and value}
    return Pagination(
        previous_url=_address(kept) if request.args.get("after") else None,
        next_url=_address({**kept, "after": page.next_cursor}) if page.next_cursor else None,
    )


def _address(query: Mapping[str, str]) -> str:
    return f"{request.path}?{urlencode(query)}"
