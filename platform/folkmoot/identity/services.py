"""What identity needs of the process it runs in; `folkmoot.bootstrap.Services` has it all."""

from contextlib import AbstractContextManager
from typing import Protocol

from folkmoot.kernel.settings import Settings
from folkmoot.kernel.unit_of_work import UnitOfWork


class IdentityServices(Protocol):
    """Settings, and transactions to read and to write in."""

    @property
    def settings(self) -> Settings:
        """Return what the operator chose."""

    def unit_of_work(self) -> AbstractContextManager[UnitOfWork]:
        """Open a transaction that may change things."""

    def glancing(self) -> AbstractContextManager[UnitOfWork]:
        """Read by single statements."""

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """Open a transaction that only reads."""
