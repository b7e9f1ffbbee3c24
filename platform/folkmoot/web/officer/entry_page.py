"""One entry of the log: what changed, what is committed and what disclosed, and its proof."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import url_for

from audit.models import Entry, Verification
from audit.searching import EntryDetail, entries, entry_detail, log_head, log_health
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.officer.overview import StoredFinding
from folkmoot.web.officer.sentences import readable, words_of
from folkmoot.web.officer.telling import EntryLine, lines_of
from governance.naming import project_titles

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
    actor_sequence: int
    subject: str
    subject_url: str
    project_title: str | None


@dataclass(frozen=True)
class Change:
    """One field before and after."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class FieldView:
    """One field of the entry: `state` is public, disclosed or erased."""

    name: str
    value: str | None
    state: str
    commitment: str | None = None


@dataclass(frozen=True)
class ProofView:
    """How the entry is proven."""

    is_sealed: bool
    leaf_hash: str
    tree_size: int
    root_hash: str
    checkpoint: str | None
    is_verified: bool | None
    verified_sentence: str


@dataclass(frozen=True)
class EntryView:
    """Everything on the page."""

    entry: EntryHead
    changes: Sequence[Change]
    fields: Sequence[FieldView]
    proof: ProofView
    related: Sequence[EntryLine]
    receipt_url: str | None
    verify_command: str


def entry_view_of(uow: UnitOfWork, *, entry_id: UUID, verifier: str) -> EntryView:
    """Read an entry with its proof and what else is recorded of the same subject."""
    detail = entry_detail(uow, entry_id=entry_id)
    found = detail.entry
    is_sealed = found.leaf_index is not None
    return EntryView(
        entry=_head(uow, found),
        changes=_changes(detail.facts),
        fields=list(_fields(detail)),
        proof=_proof(uow, found),
        related=_related(uow, found),
        receipt_url=url_for("officer.receipt", entry_id=found.id) if is_sealed else None,
        verify_command=f"folkmoot audit verify --verifier '{verifier}'",
    )


def _head(uow: UnitOfWork, found: Entry) -> EntryHead:
    line = lines_of(uow, [found])[0]
    titles = project_titles(uow, [found.project_id] if found.project_id else [])
    return EntryHead(
        id=line.id,
        index=line.index,
        at=line.at,
        sentence=line.sentence,
        action=line.action,
        actor=line.actor,
        actor_sequence=found.actor_sequence,
        subject=f"{readable(found.subject_type)} {line.subject}",
        subject_url=url_for("officer.log", subject=str(found.subject_id)),
        project_title=titles.get(found.project_id) if found.project_id else None,
    )


def _changes(facts: JsonObject) -> list[Change]:
    """Return what the entry says was one thing before and another after."""
    if "before" not in facts or "after" not in facts:
        return []
    before, after = facts["before"], facts["after"]
    if isinstance(before, dict) and isinstance(after, dict):
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        return [_change(readable(name), before.get(name), after.get(name)) for name in names]
    return [_change("Answer", before, after)] if before != after else []


def _change(field: str, before: Json, after: Json) -> Change:
    return Change(field, _text(before), _text(after))


def _text(value: Json) -> str | None:
    return None if value is None else words_of(value)


def _fields(detail: EntryDetail) -> Iterator[FieldView]:
    """Yield what people wrote first, then what the machine noted."""
    for name, commitment in detail.commitments.items():
        is_erased = name in detail.erased
        yield FieldView(
            name=readable(name),
            value=detail.disclosed.get(name),
            state="erased" if is_erased else "disclosed",
            commitment=commitment,
        )
    for name, value in detail.facts.items():
        yield FieldView(readable(name), words_of(value), "public")


def _proof(uow: UnitOfWork, found: Entry) -> ProofView:
    health, head = log_health(uow), log_head(uow)
    is_verified, sentence = _verified(found, health.last_verification)
    return ProofView(
        is_sealed=found.leaf_index is not None,
        leaf_hash=found.leaf_hash.hex(),
        tree_size=head.size,
        root_hash=head.root,
        checkpoint=health.checkpoint,
        is_verified=is_verified,
        verified_sentence=sentence,
    )


def _verified(found: Entry, check: Verification | None) -> tuple[bool | None, str]:
    if check is None or found.leaf_index is None or found.leaf_index >= check.size:
        return None, "Sealed. The whole log has not been checked since."
    wrong = [StoredFinding.model_validate(each) for each in check.findings]
    own = [finding.sentence for finding in wrong if finding.entry_id == found.id]
    when = f"{check.verified_at:%d %B %Y, %H:%M} UTC"
    if own:
        return False, f"The check of {when} found: {' '.join(own)}"
    return (
        True,
        f"The check of {when} found this entry unchanged, in its place under the signed root.",
    )


def _related(uow: UnitOfWork, found: Entry) -> list[EntryLine]:
    page = entries(uow, subject_id=found.subject_id, wanted=PageRequest(limit=MOST_RELATED + 1))
    others = [entry for entry in page.items if entry.id != found.id]
    return lines_of(uow, others[:MOST_RELATED])
