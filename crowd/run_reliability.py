"""Taking a consensus run's word for how reliable each annotator is, from its end on."""

import sqlalchemy as sa
from sqlmodel import col, select

from crowd.models import AnnotatorReliability, ConsensusRun
from crowd.tables import RECORD
from folkmoot.kernel.unit_of_work import UnitOfWork


def believe_run(uow: UnitOfWork, run: ConsensusRun) -> None:
    """Keep a run's estimates in the annotators' records, where every next label reads them.

    What was compared with others' answers until then is part of the run, so it is counted from the
    beginning. Gold goes on counting by itself, so its answers are taken out of the run's number.
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
        }
        for estimate in estimates
    ]
    if rows:
        statement = _BELIEVE.where(RECORD.c.project_id == run.project_id)
        uow.session.connection().execute(statement, rows)


_BEYOND_GOLD = sa.bindparam("n_labels_in_run", type_=sa.Integer) - RECORD.c.gold_seen
_BELIEVE = (
    sa.update(RECORD)
    .where(RECORD.c.annotator_id == sa.bindparam("of_annotator"))
    .values(
        run_reliability=sa.bindparam("found", type_=sa.Float),
        run_labels=sa.case((_BEYOND_GOLD > 0, _BEYOND_GOLD), else_=0),
        agreed=0.0,
        compared=0.0,
    )
)
