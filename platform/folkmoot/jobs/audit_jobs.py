"""Jobs of the audit queue: sealing and verifying the log."""

from uuid import UUID

from audit.reconciliations import record_reconciliation
from audit.reconciling import reconcile
from audit.sealing import seal_log
from audit.verdicts import ClaimSource
from audit.verification import record_verification
from audit.verification import verify_log as verify
from crowd.claims import CROWD_CLAIMS
from folkmoot.bootstrap import Services
from folkmoot.identity.claims import ACCOUNT_CLAIMS
from folkmoot.kernel.actor import PLATFORM
from governance.claims import DecisionClaims, ReviewClaims
from governance.claims_of_models import MODEL_CLAIMS

# Every kind of business row that must say what its entry says.
CLAIMS: tuple[ClaimSource, ...] = (
    ReviewClaims(),
    DecisionClaims(),
    *MODEL_CLAIMS,
    *CROWD_CLAIMS,
    *ACCOUNT_CLAIMS,
)


def seal(services: Services) -> None:
    """Give indices to committed entries, batch by batch, until none is left."""
    while True:
        with services.unit_of_work() as uow:
            if seal_log(uow, services.log_key, keeper=services.kept_checkpoint) is None:
                return


def verify_log(services: Services, _subject_id: UUID) -> None:
    """Check the whole log against its checkpoints and against the business rows."""
    # Read before the database: the log only grows, and may be sealed again in between.
    kept = services.kept_checkpoint.newest()
    with services.reading() as uow:
        verdict = verify(
            uow,
            verifier=services.log_key.verifier,
            claims=CLAIMS,
            kept=[kept] if kept is not None else [],
        )
    with services.unit_of_work() as uow:
        record_verification(uow, PLATFORM, verdict)


def reconcile_log(services: Services, _subject_id: UUID) -> None:
    """Compare business rows and entries, kind by kind, and keep what was found."""
    with services.reading() as uow:
        found = list(reconcile(uow, CLAIMS))
    with services.unit_of_work() as uow:
        record_reconciliation(uow, PLATFORM, found)
