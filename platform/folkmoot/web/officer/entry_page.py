"""One entry of the log: what changed, what is committed and what disclosed, and its proof."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import url_for

from audit.models import Entry
from audit.proof_standing import ProofStanding, proof_standing
from audit.protected_reads import SUBJECT as ENTRY
from audit.searching import EntryDetail, entries, entry_detail, log_health
from audit.witness_policy import WitnessPolicy
from crowd.projects import project_by_id
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.officer.changes import AFTER, BEFORE, Changes, changes_of
from folkmoot.web.officer.findings import StoredFinding
from folkmoot.web.officer.sentences import readable, words_of
from folkmoot.web.officer.telling import EntryLine, lines_of

MOST_RELATED = 12


@dataclass(frozen=True)
class EntryHead:
    """What the entry says of itself."""

    id: str
    index: int | None
    at: datetime
    sentence: str
    action: str
    actor: str
    actor_url: str
    actor_sequence: int
    subject: str
    subject_url: str
    project_title: str | None
    project_url: str | None
    is_expired: bool


@dataclass(frozen=True)
class FieldView:
    """One field of the entry: `state` is public, protected, disclosed or erased."""

    key: str
    name: str
    value: str | None
    state: str
    commitment: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class CheckView:
    """What the last check of the whole log says of this entry."""

    is_sound: bool | None
    sentence: str
    at: datetime | None


@dataclass(frozen=True)
class EntryView:
    """Everything on the page."""

    entry: EntryHead
    changes: Changes
    fields: Sequence[FieldView]
    leaf_hash: str
    proof: ProofStanding | None
    check: CheckView
    related: Sequence[EntryLine]
    needs_witnesses: bool
    verifier: str

    @property
    def protected(self) -> list[FieldView]:
        """Return the texts that are there and are not shown."""
        return [field for field in self.fields if field.state == "protected"]

    @property
    def texts(self) -> list[FieldView]:
        """Return the texts that a receipt may disclose."""
        return [field for field in self.fields if field.state in {"protected", "disclosed"}]


def entry_view_of(
    uow: UnitOfWork,
    *,
    entry_id: UUID,
    shown: Collection[str],
    policy: WitnessPolicy,
    verifier: str,
) -> EntryView:
    """Read an entry with its proof and what else is recorded of the same subject.

    `shown`: the protected texts that the viewer may see, since that they look was recorded.
    """
    detail = entry_detail(uow, entry_id=entry_id)
    found = detail.entry
    return EntryView(
        entry=_head(uow, found),
        changes=changes_of(uow, found, detail.facts),
        fields=list(_fields(detail, shown)),
        leaf_hash=found.leaf_hash.hex(),
        proof=proof_standing(uow, found, policy=policy),
        check=_check(uow, found),
        related=_related(uow, found),
        needs_witnesses=policy.needs_witnesses,
        verifier=verifier,
    )


def _head(uow: UnitOfWork, found: Entry) -> EntryHead:
    line = lines_of(uow, [found])[0]
    project = project_by_id(uow, project_id=found.project_id) if found.project_id else None
    return EntryHead(
        id=line.id,
        index=line.index,
        at=line.at,
        sentence=line.sentence,
        action=line.action,
        actor=line.actor,
        actor_url=url_for("officer.log", actor=str(found.actor_id)),
        actor_sequence=found.actor_sequence,
        subject=line.subject,
        subject_url=_subject_url(found),
        project_title=project.title if project else None,
        project_url=url_for("officer.log", project=project.slug) if project else None,
        is_expired=not found.envelope,
    )


def _subject_url(found: Entry) -> str:
    if found.subject_type == ENTRY:
        return url_for("officer.entry", entry_id=found.subject_id)
    return url_for("officer.log", subject=str(found.subject_id))


def _fields(detail: EntryDetail, shown: Collection[str]) -> Iterator[FieldView]:
    """Yield what people wrote first, then what the machine noted."""
    for name, commitment in detail.commitments.items():
        state = "disclosed" if name in shown else "protected"
        is_shown = name in shown and name not in detail.erased
        yield FieldView(
            key=name,
            name=readable(name),
            value=detail.disclosed.get(name) if is_shown else None,
            state="erased" if name in detail.erased else state,
            commitment=commitment,
        )
    for name, value in detail.facts.items():
        if {BEFORE, AFTER} <= set(detail.facts) and name in (BEFORE, AFTER):
            continue  # they are told as what changed
        yield FieldView(name, readable(name), words_of(value), "public", url=_url_of(value))


def _url_of(value: Json) -> str | None:
    """Return where the entries about an id are, or None for what is none."""
    try:
        return url_for("officer.log", subject=str(UUID(value))) if isinstance(value, str) else None
    except ValueError:
        return None


def _check(uow: UnitOfWork, found: Entry) -> CheckView:
    check = log_health(uow).last_verification
    if check is None or found.leaf_index is None or found.leaf_index >= check.size:
        return CheckView(None, "The whole log has not been checked since this was sealed.", None)
    wrong = [StoredFinding.model_validate(each) for each in check.findings]
    own = [finding.sentence for finding in wrong if finding.entry_id == found.id]
    if own:
        return CheckView(False, " ".join(own), check.verified_at)
    return CheckView(
        True, "Found unchanged, in its place under the signed root.", check.verified_at
    )


def _related(uow: UnitOfWork, found: Entry) -> list[EntryLine]:
    page = entries(uow, subject_id=found.subject_id, wanted=PageRequest(limit=MOST_RELATED + 1))
    others = [entry for entry in page.items if entry.id != found.id]
    return lines_of(uow, others[:MOST_RELATED])
