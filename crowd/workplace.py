"""What a long piece of work is given: short transactions of its own, and the file store."""

from contextlib import AbstractContextManager
from typing import Protocol

from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.unit_of_work import UnitOfWork


class Workplace(Protocol):
    """The part of the composition root's `Services` that the crowd's work needs."""

    @property
    def artifacts(self) -> ArtifactStore:
        """Return the store of files."""

    def unit_of_work(self) -> AbstractContextManager[UnitOfWork]:
        """Open a transaction that may change things."""

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """Open a transaction that only reads."""
