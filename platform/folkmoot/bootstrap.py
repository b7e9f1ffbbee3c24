"""The composition root: from settings to everything that a shell needs."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy.engine import Engine

from audit.erasing import Erasable
from audit.keeping import CheckpointKeeper
from audit.keys import LogKey, load_log_key
from audit.witness_files import load_policy
from audit.witness_policy import WitnessPolicy
from audit.wrapping_keys import give_wrapping_keys, load_wrapping_keys
from crowd.erasing import CrowdForgets
from folkmoot.identity.erasing import AccountsForget
from folkmoot.jobs.announcing import announcer_for
from folkmoot.kernel import unit_of_work as work
from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.settings import Settings
from folkmoot.kernel.unit_of_work import Announcer, UnitOfWork
from governance.erasing import GovernanceForgets

# Whatever keeps texts of people, and so must forget them. Decisions first: they find the tasks of
# a case by its name, which both then forget.
ERASABLES: tuple[Erasable, ...] = (GovernanceForgets(), CrowdForgets(), AccountsForget())
# The newest checkpoint, where a change of the database cannot reach it.
KEPT_CHECKPOINT = "last-checkpoint.txt"


@dataclass(frozen=True)
class Services:
    """What web, API, jobs and command line are given: one of each, made once per process."""

    settings: Settings
    engine: Engine
    announcer: Announcer
    artifacts: ArtifactStore
    log_key: LogKey
    kept_checkpoint: CheckpointKeeper
    witness_policy: WitnessPolicy

    def unit_of_work(self) -> AbstractContextManager[UnitOfWork]:
        """Open a transaction that may change things."""
        return work.unit_of_work(self.engine, self.announcer)

    def glancing(self) -> AbstractContextManager[UnitOfWork]:
        """Read by single statements, which need not show one moment together."""
        return work.glancing(self.engine)

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """Open a transaction that only reads."""
        return work.reading(self.engine)


def bootstrap(settings: Settings) -> Services:
    """Build the services that these settings describe."""
    settings.make_data_dir()
    engine = make_engine(settings.database_url)
    give_wrapping_keys(engine, load_wrapping_keys(settings))
    return Services(
        settings=settings,
        engine=engine,
        announcer=announcer_for(settings.queue_url),
        artifacts=ArtifactStore(settings.artifact_dir),
        log_key=load_log_key(settings),
        kept_checkpoint=CheckpointKeeper(settings.data_dir / KEPT_CHECKPOINT),
        witness_policy=load_policy(settings.witness_policy_file),
    )
