"""Read tagged sequences as spans in text, and let annotators vote for them by overlap."""

from collections.abc import Iterator

import numpy as np

from crowd.aggregation.arrays import IndexArray
from crowd.aggregation.region_consensus import RegionConsensus
from crowd.aggregation.region_rows import RegionRows
from crowd.aggregation.token_rows import TokenRows
from folkmoot.bench.span_scores import Span, spans_of

_OUTSIDE = "O"


def voted_spans(rows: TokenRows) -> set[Span]:
    """Return the spans of the crowd, in tokens counted through all sequences."""
    kinds = sorted({name[2:] for name in rows.tag_names if name != _OUTSIDE})
    starts = np.zeros(1, dtype=np.int64)
    regions = RegionRows.from_answers(
        (
            (
                f"{task:09}",
                rows.annotator_names[annotator],
                [(kind, (low, high)) for low, high, kind in spans_of(tags, rows.tag_names, starts)],
            )
            for task, annotator, tags in _answers(rows)
        ),
        classes=kinds,
        n_axes=1,
    )
    fit = RegionConsensus().fit(regions)
    offsets = np.cumsum(rows.length) - rows.length
    first = offsets[[int(name) for name in regions.task_names]][fit.task_]
    ends = np.rint(fit.ends_).astype(np.int64) + first[:, None]
    return {
        (low, high, kinds[label])
        for (low, high), label in zip(ends.tolist(), fit.labels_.tolist(), strict=True)
    }


def _answers(rows: TokenRows) -> Iterator[tuple[int, int, IndexArray]]:
    """Yield the sequence, the annotator and the tags, outside where there is none."""
    offsets = np.cumsum(rows.length) - rows.length
    changes = (np.diff(rows.task) != 0) | (np.diff(rows.annotator) != 0)
    for part in np.split(np.arange(rows.n_rows), np.flatnonzero(changes) + 1):
        task = int(rows.task[part[0]])
        tags = np.full(rows.length[task], rows.tag_names.index(_OUTSIDE))
        tags[rows.token[part] - offsets[task]] = rows.tag[part]
        yield task, int(rows.annotator[part[0]]), tags
