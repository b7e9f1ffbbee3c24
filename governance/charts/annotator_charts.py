"""The picture of an annotator report: who errs how often, and on which items."""

from collections.abc import Iterator

from governance.charts.drawing import (
    PALETTE,
    PLOT_WIDTH,
    SHAPES,
    Row,
    columns,
    estimated,
    rule_layers,
    svg_of,
)
from governance.charts.wording import words_of
from governance.fairness.annotator_results import AnnotatorRates, AnnotatorReport, Contrast
from governance.fairness.estimates import Estimate, Verdict

OVERALL = "all items"
ROW_HEIGHT = 40
DIFFERS = {
    Contrast.ERRORS_AND_OTHERS: "errors differ from the others'",
    Contrast.ERRORS_BETWEEN_ITEM_GROUPS: "errors differ by item group",
    Contrast.LABELS_BETWEEN_ITEM_GROUPS: "labels differ by item group",
}


def annotators_chart(report: AnnotatorReport) -> str:
    """Draw each annotator's error rate, overall and by item group, and say what differs."""
    import altair  # noqa: PLC0415

    people = sorted(report.annotators, key=_error_rate)
    rows = [row for person in people for row in _rows(person)]
    drawn = {row["items"] for row in rows}
    names = [name for name in (OVERALL, *report.item_groups) if name in drawn]
    base = altair.Chart().encode(
        y=altair.Y("label:N", sort=[_label(person) for person in people], title=None),
        yOffset=altair.YOffset("items:N", sort=names),
    )
    axis = altair.Axis(format=".0%", title="error rate")
    value = altair.X("value:Q", axis=axis, scale=altair.Scale(domain=[0, 1]))
    color = altair.Color("items:N", scale=altair.Scale(domain=names, range=PALETTE))
    shape = altair.Shape("items:N", scale=altair.Scale(domain=names, range=SHAPES))
    points = estimated(base).mark_point(filled=True, size=60, opacity=1)
    layered = altair.layer(
        *rule_layers(base, color),
        points.encode(x=value, color=color, shape=shape),
        data=altair.InlineData(values=rows),
    )
    return svg_of(
        layered.properties(width=PLOT_WIDTH, height={"step": ROW_HEIGHT, "for": "position"}),
        title="Error rate by annotator",
        description="; ".join(_words(person) for person in people),
    )


def _error_rate(person: AnnotatorRates) -> tuple[bool, float, str]:
    """Order by error rate; those without one come last, and ties go by name."""
    figure = person.error_rate
    if isinstance(figure, Estimate):
        return False, figure.value, person.annotator
    return True, 0.0, person.annotator


def _label(person: AnnotatorRates) -> str:
    """Mark who has a finding; the description says which."""
    return f"{person.annotator} (differs)" if _differing(person) else person.annotator


def _differing(person: AnnotatorRates) -> list[str]:
    found = (contrast for contrast in person.contrasts if contrast.verdict is Verdict.FINDING)
    return [DIFFERS[contrast.contrast] for contrast in found]


def _rows(person: AnnotatorRates) -> Iterator[Row]:
    """Say once that a person has too few answers, not again for each item group."""
    yield {"label": _label(person), "items": OVERALL, **columns(person.error_rate)}
    for items, figure in person.error_rate_by_item_group.items():
        if isinstance(figure, Estimate):
            yield {"label": _label(person), "items": items, **columns(figure)}


def _words(person: AnnotatorRates) -> str:
    words = [f"{person.annotator}: {words_of(person.error_rate)}", *_differing(person)]
    return ", ".join(words)
