"""Business rows against entries, kind by kind: what agrees is counted, what does not is named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from audit.claim_check import ClaimCheck
from audit.stored_texts import Coverage
from audit.tables import ENTRY
from audit.verdicts import ClaimSource, Finding
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Reconciled:
    """One kind of rows: how many, how many entries have one row each, and what disagrees."""

    name: str
    n_rows: int
    n_entries: int
    findings: tuple[Finding, ...]

    @property
    def agrees(self) -> bool:
        """Say whether rows and entries agree."""
        return not self.findings


def reconcile(uow: UnitOfWork, sources: Sequence[ClaimSource]) -> Iterator[Reconciled]:
    """Yield each kind of rows as soon as it has been compared."""
    coverage = Coverage(uow)
    # First, since a text may be missing for no other reason.
    yield Reconciled("erased texts", 0, 0, tuple(coverage.check()))
    for source in sources:
        check = ClaimCheck(uow, coverage)
        findings = tuple(check.findings(source))
        yield Reconciled(source.name, check.n_claims, _n_entries(uow, source), findings)


def _n_entries(uow: UnitOfWork, source: ClaimSource) -> int:
    of_kind = ENTRY.c.action.in_([one.value for one in source.actions])
    statement = sa.select(sa.func.count()).select_from(ENTRY).where(of_kind)
    return int(uow.connection.execute(statement).scalar_one())
