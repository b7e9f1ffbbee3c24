"""Pictures of a model: its figures by version, and whether its confidence means what it says."""

from collections.abc import Sequence
from dataclasses import dataclass

from governance.charts.drawing import (
    BLUE,
    FAINT,
    INK,
    PALETTE,
    PLOT_WIDTH,
    SHAPES,
    Row,
    columns,
    estimated,
    svg_of,
)
from governance.charts.wording import percent, words_of
from governance.fairness.estimates import Figure
from governance.fairness.results import CalibrationBin

HEIGHT = 220


@dataclass(frozen=True, slots=True)
class VersionPoint:
    """Hold one figure of one version, such as version 2's error rate."""

    version: str
    series: str
    figure: Figure


def versions_chart(points: Sequence[VersionPoint]) -> str:
    """Draw each series over the versions, in the order given, with intervals."""
    import altair  # noqa: PLC0415

    rows: list[Row] = [
        {"version": point.version, "series": point.series, **columns(point.figure)}
        for point in points
    ]
    versions = list(dict.fromkeys(point.version for point in points))
    series = list(dict.fromkeys(point.series for point in points))
    color = altair.Color("series:N", scale=altair.Scale(domain=series, range=PALETTE))
    shape = altair.Shape("series:N", scale=altair.Scale(domain=series, range=SHAPES))
    base = estimated(altair.Chart()).encode(
        x=altair.X("version:N", sort=versions, title="version", axis=altair.Axis(labelAngle=0)),
        xOffset=altair.XOffset("series:N", sort=series),
        color=color,
    )
    axis = altair.Axis(format=".0%", title=None, grid=True)
    value = altair.Y("value:Q", axis=axis, scale=altair.Scale(zero=True))
    layered = altair.layer(
        base.mark_line(strokeWidth=1.5).encode(y=value),
        base.mark_rule(strokeWidth=2).encode(y="low:Q", y2="high:Q"),
        base.mark_point(filled=True, size=70, opacity=1).encode(y=value, shape=shape),
        data=altair.InlineData(values=rows),
    )
    return svg_of(
        layered.properties(width=PLOT_WIDTH, height=HEIGHT),
        title="Figures by version",
        description="; ".join(
            f"{point.series}, version {point.version}: {words_of(point.figure)}" for point in points
        ),
    )


def calibration_chart(bins: Sequence[CalibrationBin]) -> str:
    """Draw how often the model was right against how sure it was; on the dashes they agree."""
    import altair  # noqa: PLC0415

    rows: list[Row] = [{"said": found.said, **columns(found.was_right)} for found in bins]
    scale = altair.Scale(domain=[0, 1])
    axis = altair.Axis(format=".0%", grid=True)
    said = altair.X("said:Q", axis=axis, scale=scale, title="confidence of the model")
    right = altair.Y("value:Q", axis=axis, scale=scale, title="share that was right")
    base = estimated(altair.Chart(altair.InlineData(values=rows))).encode(x=said)
    ends = altair.Chart(
        altair.InlineData(values=[{"said": 0, "value": 0}, {"said": 1, "value": 1}])
    )
    diagonal = ends.mark_line(strokeDash=[4, 4], color=INK, opacity=FAINT, strokeWidth=1)
    layered = altair.layer(
        diagonal.encode(x=said, y=right),
        base.mark_rule(strokeWidth=2, color=BLUE).encode(y="low:Q", y2="high:Q"),
        base.mark_line(point={"size": 70, "filled": True, "color": BLUE}, color=BLUE).encode(
            y=right
        ),
    )
    return svg_of(
        layered.properties(width=HEIGHT, height=HEIGHT),
        title="Confidence against outcome",
        description="; ".join(
            f"where it said {percent(found.said)}: right {words_of(found.was_right)}"
            for found in bins
        ),
    )
