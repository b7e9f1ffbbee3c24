"""Turn an Altair chart into SVG that is accessible, self-contained and always the same."""

import hashlib
import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, TypeAlias

from governance.charts.wording import missing_words
from governance.fairness.estimates import Estimate, Figure

if TYPE_CHECKING:
    import altair

Row: TypeAlias = dict[str, str | float | None]
Color: TypeAlias = "altair.Color | altair.ColorValue"

# Okabe and Ito's palette without its yellow and sky blue: each is told from the others by the
# colour-blind, and stands out at 3:1 or more from white as well as from near-black.
BLUE, VERMILLION, GREEN, PURPLE, ORANGE = "#0b7bc1", "#d55e00", "#009270", "#c2669a", "#b87f00"
PALETTE = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE]
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross"]
# Vega refuses `currentColor`; this stand-in, which no chart uses, becomes it at the end.
INK = "#010203"
FAINT = 0.65
PLOT_WIDTH = 320
ROW_HEIGHT = 24


def svg_of(chart: "altair.TopLevelMixin", *, title: str, description: str) -> str:
    """Render the chart with a name and a description for those who do not see it."""
    import vl_convert  # noqa: PLC0415  (a second to load, and only a worker draws)

    drawn = vl_convert.vegalite_to_svg(_themed(chart))
    drawn = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", drawn).replace(INK, "currentColor")
    name = "chart-" + hashlib.sha256((title + description + drawn).encode()).hexdigest()[:12]
    labelled = f'<svg role="img" aria-labelledby="{name}-title {name}-description" '
    words = (
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-description">{escape(description)}</desc>'
    )
    opening, rest = drawn.replace("<svg ", labelled, 1).split(">", 1)
    return f"{opening}>{words}{rest}"


def columns(figure: Figure) -> Row:
    """Return the columns that the marks below draw from."""
    if isinstance(figure, Estimate):
        return {"value": figure.value, "low": figure.low, "high": figure.high, "missing": ""}
    return {"value": None, "low": None, "high": None, "missing": missing_words(figure)}


def rule_layers(base: "altair.Chart", color: Color) -> "list[altair.Chart]":
    """Draw the interval of each row, and words where there is none."""
    import altair  # noqa: PLC0415

    # The words come first and for every row, empty or not: the first layer orders the rows.
    words = base.mark_text(align="left", dx=4, fontStyle="italic", color=INK, opacity=FAINT)
    rules = estimated(base).mark_rule(strokeWidth=2)
    return [
        words.encode(x=altair.datum(0), text="missing:N"),
        rules.encode(x="low:Q", x2="high:Q", color=color),
    ]


def estimated(base: "altair.Chart") -> "altair.Chart":
    """Keep the rows that have an estimate."""
    kept: altair.Chart = base.transform_filter("isValid(datum.value)")
    return kept


def dashed_line(base: "altair.Chart", column: str) -> "altair.Chart":
    """Draw one dashed upright line, where this column says."""
    line = base.mark_rule(strokeDash=[4, 4], color=INK, opacity=FAINT)
    drawn: altair.Chart = line.encode(x=f"mean({column}):Q")
    return drawn


def in_sections(layers: "Sequence[altair.Chart]", rows: Sequence[Row]) -> "altair.FacetChart":
    """Stack the rows by their `section`, a line for each, with one horizontal axis for all."""
    import altair  # noqa: PLC0415

    sections = list(dict.fromkeys(str(row["section"]) for row in rows))
    layered = altair.layer(*layers, data=altair.InlineData(values=list(rows)))
    sized = layered.properties(width=PLOT_WIDTH, height=altair.Step(ROW_HEIGHT))
    by_section = altair.Row("section:N", sort=sections, title=None)
    faceted: altair.FacetChart = sized.facet(row=by_section).resolve_scale(y="independent")
    return faceted


def _themed(chart: "altair.TopLevelMixin") -> dict[str, object]:
    """Return the specification, with ink that suits any page; the size follows the rows."""
    text = {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12}
    lines = {"gridColor": INK, "gridOpacity": 0.12, "domainColor": INK, "tickColor": INK}
    return {
        **chart.to_dict(),
        "config": {
            "background": "transparent",
            "font": "sans-serif",
            "view": {"stroke": None},
            "axis": {
                **text,
                **lines,
                "domainOpacity": 0.4,
                "tickOpacity": 0.4,
                "tickCount": 5,
                "labelFlush": False,
                "labelLimit": 220,
                "titleFontWeight": "normal",
            },
            "axisY": {"ticks": False, "domain": False, "grid": False, "labelPadding": 8},
            "legend": {**text, "orient": "top", "title": None, "symbolStrokeWidth": 2},
            "header": {
                **text,
                "labelAnchor": "start",
                "labelOrient": "top",
                "labelFontWeight": "bold",
                "title": None,
            },
            "facet": {"spacing": 12},
        },
    }
