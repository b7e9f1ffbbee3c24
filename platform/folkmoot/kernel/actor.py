"""Who acts: the account behind a request, or the platform itself."""

from dataclasses import dataclass
from uuid import UUID

PLATFORM_ID = UUID(int=0)


@dataclass(frozen=True)
class Actor:
    """An account that acts, and the permissions it acts with."""

    id: UUID
    name: str
    permissions: frozenset[str] = frozenset()

    def may(self, permission: str) -> bool:
        """Say whether this actor holds a permission."""
        return permission in self.permissions


PLATFORM = Actor(id=PLATFORM_ID, name="Folkmoot")
