"""Pictures of a group report: rates by group, and gaps between groups."""

from collections.abc import Iterator

from governance.charts.drawing import (
    BLUE,
    INK,
    VERMILLION,
    Row,
    columns,
    dashed_line,
    estimated,
    in_sections,
    rule_layers,
    svg_of,
)
from governance.charts.wording import VERDICTS, metric_name, percent, words_of
from governance.fairness.estimates import Estimate
from governance.fairness.results import Gap, GroupReport, Metric

GAP_TITLE = "difference between two groups; within the grey it could go unseen"


def rates_chart(report: GroupReport, metric: Metric) -> str:
    """Draw one rate of every group with its interval, around the rate of everyone."""
    import altair  # noqa: PLC0415

    rows = list(_rate_rows(report, metric))
    base = altair.Chart().encode(y=altair.Y("label:N", sort=None, title=None))
    axis = altair.Axis(format=".0%", title=metric_name(metric))
    value = altair.X("value:Q", axis=axis, scale=altair.Scale(domain=[0, 1]))
    blue = altair.ColorValue(BLUE)
    points = estimated(base).mark_point(filled=True, size=70, opacity=1)
    layers = [
        dashed_line(altair.Chart(), "everyone"),
        *rule_layers(base, blue),
        points.encode(x=value, color=blue),
    ]
    return svg_of(
        in_sections(layers, rows),
        title=f"{metric_name(metric).capitalize()} by group",
        description="; ".join(
            f"{group.name}: {words_of(group.rates[metric])}" for group in report.groups
        ),
    )


def gaps_chart(report: GroupReport) -> str:
    """Draw the strongest gap of every rate and attribute, and the band where gaps go unseen."""
    import altair  # noqa: PLC0415

    rows = [_gap_row(gap) for gap in report.gaps]
    base = altair.Chart().encode(y=altair.Y("label:N", sort=None, title=None))
    axis = altair.Axis(format="+.0%", title=GAP_TITLE)
    value = altair.X("value:Q", axis=axis, scale=altair.Scale(domain=[-1, 1]))
    names = list(VERDICTS.values())[:2]
    color = altair.Color("verdict:N", scale=altair.Scale(domain=names, range=[VERMILLION, BLUE]))
    shape = altair.Shape("verdict:N", scale=altair.Scale(domain=names, range=["diamond", "circle"]))
    points = estimated(base).mark_point(filled=True, size=90, opacity=1)
    unseen = estimated(base).mark_bar(color=INK, opacity=0.12)
    layers = [
        unseen.encode(x="unseen_low:Q", x2="unseen_high:Q"),
        dashed_line(altair.Chart(), "zero"),
        *rule_layers(base, color),
        points.encode(x=value, color=color, shape=shape),
    ]
    return svg_of(
        in_sections(layers, rows),
        title="Gaps between groups",
        description="; ".join(_gap_words(gap) for gap in report.gaps),
    )


def _rate_rows(report: GroupReport, metric: Metric) -> Iterator[Row]:
    everyone = report.everyone.rates[metric]
    for group in report.groups:
        yield {
            "section": _section(group.attributes),
            "label": f"{group.name} (n = {group.rates[metric].n})",
            "everyone": everyone.value if isinstance(everyone, Estimate) else None,
            **columns(group.rates[metric]),
        }


def _gap_row(gap: Gap) -> Row:
    unseen = 1.0 if gap.detectable is None else gap.detectable
    return {
        "section": _section(gap.attributes),
        "label": metric_name(gap.metric),
        "verdict": VERDICTS[gap.verdict],
        "zero": 0.0,
        "unseen_low": -unseen,
        "unseen_high": unseen,
        **columns(gap.difference),
    }


def _gap_words(gap: Gap) -> str:
    subject = f"{metric_name(gap.metric)} by {_section(gap.attributes)}"
    if gap.first is None or gap.second is None or not isinstance(gap.difference, Estimate):
        return f"{subject}: not estimable"
    pair = f"{', '.join(gap.first)} minus {', '.join(gap.second)}"
    return (
        f"{subject}: {VERDICTS[gap.verdict]}, {pair} {percent(gap.difference.value)}, "
        f"interval {percent(gap.difference.low)} to {percent(gap.difference.high)}"
    )


def _section(attributes: tuple[str, ...]) -> str:
    return " and ".join(attributes)
