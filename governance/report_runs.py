"""What finished reports say, so that an export can carry them to whoever checks their digests."""

from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from audit.actions import Action
from audit.export_claims import FinishedReport
from audit.models import Entry
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.models import Report

# What stands for the entry of a report that has none: no entry has this id.
NO_ENTRY = UUID(int=0)


class ReportRuns:
    """Every finished report, with the entry that holds its digest."""

    def reports(self, uow: UnitOfWork) -> Iterator[FinishedReport]:
        """Yield the reports in their order."""
        statement = (
            select(Report, Entry.id)
            .outerjoin(
                Entry,
                sa.and_(
                    col(Entry.subject_id) == col(Report.id),
                    col(Entry.subject_type) == "report",
                    col(Entry.action) == Action.REPORT_FINISHED,
                ),
            )
            .where(col(Report.state) == WorkState.FINISHED)
            .order_by(col(Report.id))
        )
        for report, entry_id in uow.session.exec(statement):
            yield FinishedReport(
                report_id=report.id,
                entry_id=entry_id or NO_ENTRY,
                definition=report.definition,
                result=report.result,
            )
