"""Markdown that a team wrote, made safe for the pages of others."""

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
_TEXT = {"a", "blockquote", "br", "code", "em", "hr", "p", "pre", "strong"}
_STRUCTURE = {"h2", "h3", "h4", "h5", "h6", "li", "ol", "ul"}
_TABLE = {"table", "tbody", "td", "th", "thead", "tr"}
_ATTRIBUTES = {"a": {"href", "title"}}
# A link opens beside the page, so that nobody loses the task at hand.
_SET = {"a": {"target": "_blank"}}
_SCHEMES = {"http", "https", "mailto"}


@lru_cache(maxsize=64)
def rendered(text: str) -> Markup:
    """Return Markdown as HTML without raw HTML, scripts, styles or pictures.

    Its headings begin at the second level: the first one is the page's own.
    """
    tokens = _PARSER.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    clean = nh3.clean(
        html,
        tags=_TEXT | _STRUCTURE | _TABLE,
        attributes=_ATTRIBUTES,
        set_tag_attribute_values=_SET,
        url_schemes=_SCHEMES,
    )
    return Markup(clean)  # noqa: S704  # nh3 has just cleaned it
