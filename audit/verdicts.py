"""What a check of the log says, and what a business row claims."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from audit.actions import Action
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

# What stands in a business row where a personal text was erased on both sides. A claim may say so
# of a personal field or of a fact; it holds only if an entry of an erasure covers it.
ERASED = "(erased)"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and the entry that it is wrong with, if there is one."""

    sentence: str
    leaf_index: int | None = None
    entry_id: UUID | None = None

    def to_json(self) -> JsonObject:
        """Return the finding as plain JSON."""
        entry_id = str(self.entry_id) if self.entry_id else None
        return {"sentence": self.sentence, "leaf_index": self.leaf_index, "entry_id": entry_id}


@dataclass(frozen=True)
class Verdict:
    """What a check of the log found: how far it went, and everything that is wrong."""

    size: int
    unsealed: int
    checkpoints: int
    claims: int
    findings: tuple[Finding, ...]
    # Texts that could not be compared, because no wrapping key was given.
    unread: int = 0

    @property
    def is_sound(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.findings


@dataclass(frozen=True)
class Claim:
    """What a business row says, which its entry must say too."""

    entry_id: UUID
    subject_type: str
    subject_id: UUID
    facts: JsonObject
    personal: Mapping[str, str]


class ClaimSource(Protocol):
    """A kind of business row whose every member has an entry, and every such entry a row."""

    @property
    def name(self) -> str:
        """Return what the rows are called, in the plural; no other source has this name."""

    @property
    def actions(self) -> frozenset[Action]:
        """Return the actions whose entries have exactly one row of this kind each."""

    def claims(self, uow: UnitOfWork) -> Iterator[Claim | Finding]:
        """Return what each row claims, or what keeps it from being read."""
