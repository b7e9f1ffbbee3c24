"""Taking a consensus run's word for how reliable each annotator is, from its end on."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlmodel import col, select

from crowd.models import AnnotatorReliability, ConsensusRun
from crowd.tables import RECORD
from folkmoot.kernel.unit_of_work import UnitOfWork

_ROUNDING = 1e-9


def believe_run(
    uow: UnitOfWork, run: ConsensusRun, compared: Mapping[str, tuple[float, float]]
) -> None:
    """Keep a run's estimates in the annotators' records, where every next label reads them.

    What was compared with others' answers until then is part of the run, and is taken out; what
    was compared since stays. Gold goes on counting by itself, so its answers are taken out of
    the run's number.

    compared: what each record held, as (agreed, compared), before the run read its labels.
    """
    estimates = uow.session.exec(
        select(AnnotatorReliability)
        .where(AnnotatorReliability.run_id == run.id)
        # Records are always taken in this order, so that nobody waits in a circle.
        .order_by(col(AnnotatorReliability.annotator_id))
    ).all()
    rows = [
        {
            "of_annotator": estimate.annotator_id,
            "found": estimate.reliability,
            "n_labels_in_run": estimate.n_labels,
            "agreed_before": compared.get(str(estimate.annotator_id), (0.0, 0.0))[0],
            "compared_before": compared.get(str(estimate.annotator_id), (0.0, 0.0))[1],
        }
        for estimate in estimates
    ]
    if rows:
        statement = _BELIEVE.where(RECORD.c.project_id == run.project_id)
        uow.session.connection().execute(statement, rows)


_BEYOND_GOLD = sa.bindparam("n_labels_in_run", type_=sa.Integer) - RECORD.c.gold_seen


def _since(sum_so_far: sa.Column[float], before: str) -> sa.ColumnElement[float]:
    """Return what was added to a sum; a later run may have taken out more."""
    rest = sum_so_far - sa.bindparam(before, type_=sa.Float)
    return sa.case((rest > _ROUNDING, rest), else_=0.0)


_BELIEVE = (
    sa.update(RECORD)
    .where(RECORD.c.annotator_id == sa.bindparam("of_annotator"))
    .values(
        run_reliability=sa.bindparam("found", type_=sa.Float),
        run_labels=sa.case((_BEYOND_GOLD > 0, _BEYOND_GOLD), else_=0),
        agreed=_since(RECORD.c.agreed, "agreed_before"),
        compared=_since(RECORD.c.compared, "compared_before"),
    )
)
