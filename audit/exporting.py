"""Write the log out for somebody who trusts nobody here: what `audit/offline/verify.py` reads.

Rows are read as they are stored: a damaged log is exported as it is, and the reader finds out.
Everything is streamed; memory holds some hundred entries at a time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

import sqlalchemy as sa
from sqlmodel import col, func, select

from audit.actions import Action
from audit.export_claims import ExportedClaims, ReportSource
from audit.export_entries import ExportedEntries
from audit.export_files import ExportFiles, Sink, in_groups
from audit.merkle import MerkleError
from audit.models import ActorCounter, Entry, SignedCheckpoint
from audit.recording import record
from audit.signing_keys import NoteError, to_base64
from audit.stored_rows import NOT_READABLE, StoredTable, index_of, stored_rows
from audit.tiles import StoredTree, prove_consistency_at
from audit.verdicts import ClaimSource
from audit.witness_models import Cosignature
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, InvalidInput
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = ["ExportRange", "Exported", "export_log", "index_at", "record_export", "see_one_moment"]

FORMAT, FORMAT_VERSION = "folkmoot-audit-export", 1
README = """\
An export of the audit log {origin}: entries {first} to {last} of {size}.

  entries.jsonl       an entry a line: its place, the exact text that was hashed, disclosed texts
  waiting.jsonl       entries that have no place yet, or none that witnesses have seen
  checkpoints.jsonl   what the log has signed, with the cosignatures of witnesses
  erased.jsonl        which texts were erased, and by which entry
  consistency.jsonl   proofs that older checkpoints belong to the same log
  counters.jsonl      how many entries each actor was counted to
  claims.jsonl        what the business rows say, each with the entry that must say the same
  reports.jsonl       finished reports, each with the entry that holds its digest
  account.json        how often each action was recorded in this range
  manifest.json       what this is, and the SHA-256 of each file

Check it with verify.py, from the source code that you trust, not from whoever made this export:

  python verify.py THIS --key {origin}+… --checkpoint FILE-THAT-YOU-KEPT
"""


@dataclass(frozen=True)
class ExportRange:
    """Which entries are wanted, from `first` to before `end`; to the log's end if not said.

    `kept`: sizes of checkpoints that the reader has, each to be proven from.
    """

    first: int = 0
    end: int | None = None
    has_texts: bool = True
    kept: Sequence[int] = ()


@dataclass(frozen=True)
class Exported:
    """What was written."""

    first: int
    end: int
    size: int
    n_waiting: int
    n_rows: int


def export_log(
    uow: UnitOfWork,
    sink: Sink,
    *,
    origin: str,
    wanted: ExportRange,
    size: int | None = None,
    claims: Sequence[ClaimSource] = (),
    reports: Sequence[ReportSource] = (),
) -> Exported:
    """Write an export of the log at a signed size: the newest one if not told.

    Entries beyond that size are written among those that wait. `see_one_moment` comes before.
    Raise InvalidInput for a range that the log has not.
    """
    signed = newest_signed_size(uow) if size is None else size
    end = signed if wanted.end is None else wanted.end
    if not 0 <= wanted.first <= end <= signed:
        raise InvalidInput(f"The log is signed up to {signed}; choose a range within that.")
    files = ExportFiles(sink)
    part = _Part(uow, range(wanted.first, end), signed, has_texts=wanted.has_texts)
    n_waiting, n_rows = _write_parts(part, files, wanted, claims, reports)
    files.value("account.json", part.account())
    files.text(
        "README.txt",
        README.format(origin=origin, first=wanted.first, last=end - 1, size=signed),
    )
    manifest: JsonObject = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "software": f"folkmoot {version('folkmoot')}",
        "origin": origin,
        "first": wanted.first,
        "end": end,
        "size": signed,
        "texts": wanted.has_texts,
        "exported_at": clock.now().isoformat(),
        "left": _roots(uow, range(wanted.first)),
        "right": _roots(uow, range(end, signed)),
        "sources": {one.name: _sorted_actions(one.actions) for one in claims},
        "files": dict(files.written),
    }
    files.value("manifest.json", manifest)
    return Exported(wanted.first, end, signed, n_waiting, n_rows)


def newest_signed_size(uow: UnitOfWork) -> int:
    """Return the size of the newest checkpoint, or 0."""
    return uow.session.exec(select(func.max(SignedCheckpoint.size))).one() or 0


def index_at(uow: UnitOfWork, moment: datetime) -> int:
    """Return the place of the first entry that was recorded at a moment or later."""
    after = select(func.min(Entry.leaf_index)).where(col(Entry.recorded_at) >= moment)
    found = uow.session.exec(after).one()
    return newest_signed_size(uow) if found is None else found


def record_export(uow: UnitOfWork, actor: Actor, *, wanted: ExportRange) -> None:
    """Record that entries, and perhaps the texts of people, are handed out."""
    record(
        uow,
        actor,
        Action.LOG_EXPORTED,
        subject_type="log",
        subject_id=new_id(),
        facts={"first": wanted.first, "end": wanted.end, "texts": wanted.has_texts},
    )


def see_one_moment(uow: UnitOfWork) -> None:
    """Let all that a transaction reads be of one moment; the first thing that it does."""
    # SQLite's readers see one moment anyway; PostgreSQL's would see each statement's.
    if uow.connection.dialect.name == "postgresql":
        uow.connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def _write_parts(
    part: "_Part",
    files: ExportFiles,
    wanted: ExportRange,
    claims: Sequence[ClaimSource],
    reports: Sequence[ReportSource],
) -> tuple[int, int]:
    files.lines("checkpoints.jsonl", part.checkpoints())
    files.lines("consistency.jsonl", part.proofs(wanted.kept))
    files.lines("erased.jsonl", part.entries.erased())
    files.lines("entries.jsonl", part.entries.sealed(part.leaves, part.size))
    n_waiting = files.lines("waiting.jsonl", part.entries.waiting(part.size))
    files.lines("counters.jsonl", part.counters())
    rows = ExportedClaims(part.uow, part.leaves, size=part.size, has_texts=wanted.has_texts)
    n_rows = files.lines("claims.jsonl", rows.lines(claims))
    files.lines("reports.jsonl", rows.reports(reports))
    return n_waiting, n_rows


class _Part:
    """The parts of one export."""

    def __init__(self, uow: UnitOfWork, leaves: range, size: int, *, has_texts: bool) -> None:
        self.uow = uow
        self.leaves = leaves
        self.size = size
        self.entries = ExportedEntries(uow, has_texts=has_texts)

    def checkpoints(self) -> Iterator[JsonObject]:
        """Yield every checkpoint from the range on, with what witnesses said of it."""
        table = StoredTable(self.uow, SignedCheckpoint)
        size = table.column("size")
        statement = sa.select(*table.columns()).where(
            sa.or_(size >= self.leaves.start, size.in_(self._cosigned_before()))
        )
        for some in in_groups(stored_rows(self.uow, statement.order_by(size))):
            cosigned = self._cosignatures([index_of(table.raw(row, "size")) for row in some])
            for row in some:
                note = str(table.raw(row, "note"))
                yield {"note": note + cosigned.get(index_of(table.raw(row, "size")) or 0, "")}

    def proofs(self, kept: Sequence[int]) -> Iterator[JsonObject]:
        """Yield a proof for each checkpoint that the entries alone do not prove."""
        inside = range(self.leaves.start, self.leaves.stop + 1)
        sizes = {*kept, *self._sizes_after_range(), *self._cosigned_before()}
        for size in sorted(one for one in sizes if 0 < one < self.size and one not in inside):
            try:
                proof = prove_consistency_at(self.uow, old_size=size, new_size=self.size)
            except (Conflict, MerkleError, *NOT_READABLE):
                continue  # of a damaged log: the reader misses the proof, and says so
            yield {"old_size": size, "path": [to_base64(one) for one in proof.path]}

    def counters(self) -> Iterator[JsonObject]:
        """Yield how far each actor's entries were counted."""
        table = StoredTable(self.uow, ActorCounter)
        for row in stored_rows(self.uow, sa.select(*table.columns())):
            yield {
                "actor": str(table.uuid(row, "actor_id")),
                "last_sequence": index_of(table.raw(row, "last_sequence")) or 0,
            }

    def account(self) -> JsonObject:
        """Return how often each action was recorded in the range."""
        return {
            "first": self.leaves.start,
            "end": self.leaves.stop,
            "by_action": dict(sorted(self.entries.by_action.items())),
        }

    def _sizes_after_range(self) -> Sequence[int]:
        size = col(SignedCheckpoint.size)
        statement = select(size).where(size > self.leaves.stop, size < self.size)
        return self.uow.session.exec(statement).all()

    def _cosigned_before(self) -> Sequence[int]:
        """Return the newest cosigned size before the range: where outsiders last saw the log."""
        statement = select(func.max(Cosignature.size)).where(
            col(Cosignature.size) < self.leaves.start
        )
        found = self.uow.session.exec(statement).one()
        return [] if found is None else [found]

    def _cosignatures(self, sizes: Sequence[int | None]) -> Mapping[int, str]:
        lines: dict[int, str] = {}
        table = StoredTable(self.uow, Cosignature)
        statement = sa.select(*table.columns("size", "line")).where(
            table.column("size").in_([one for one in sizes if one is not None])
        )
        for row in stored_rows(self.uow, statement.order_by(table.column("key"))):
            size = index_of(table.raw(row, "size"))
            if size is not None:
                lines[size] = lines.get(size, "") + str(table.raw(row, "line"))
        return lines


def _roots(uow: UnitOfWork, leaves: range) -> list[Json]:
    """Return the roots of the complete subtrees that cover leaves outside the range."""
    tree = StoredTree(uow, leaves.stop)
    try:
        return [tree.root(one).hex() for one in _complete(leaves)]
    except (Conflict, MerkleError, NoteError, *NOT_READABLE) as error:
        raise Conflict(
            "The entries beside this range are damaged: export all entries instead."
        ) from error


def _complete(leaves: range) -> Iterator[range]:
    """Yield the largest complete subtrees that cover these leaves, from the left."""
    start = leaves.start
    while start < leaves.stop:
        fits = 1 << ((leaves.stop - start).bit_length() - 1)
        width = min(start & -start, fits) if start else fits
        yield range(start, start + width)
        start += width


def _sorted_actions(actions: Iterable[Action]) -> list[Json]:
    return list[Json](sorted(one.value for one in actions))
