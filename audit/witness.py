"""A witness: it cosigns a log's checkpoint once it has seen that the log only grew.

Source: c2sp.org/tlog-witness. The refusals are those of the source, each with its status.

    Refusal                 the base of all; its text is a sentence for the log's operator
    ├─ MalformedAsking      400: not a request, or its old size is above the new one
    ├─ UntrustedSignature   403: no key that is known for this log has signed
    ├─ UnknownLog           404: this witness does not watch this log
    ├─ OtherPast            409: another size or root was cosigned last; holds that size
    └─ Inconsistent         422: the proof does not show that the log only grew
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus

from audit.cosigning import CosigningKey
from audit.merkle import ConsistencyProof, MerkleError, verify_consistency
from audit.notes import Checkpoint, Note, open_note
from audit.signing_keys import NoteError, VerifierKey
from audit.witness_messages import AddCheckpoint, MalformedRequest, parse_size
from audit.witness_store import Evidence, Seen, WitnessStore

__all__ = [
    "Inconsistent",
    "MalformedAsking",
    "OtherPast",
    "Refusal",
    "UnknownLog",
    "UntrustedSignature",
    "Witness",
]


class Refusal(Exception):
    """Say why nothing is cosigned."""

    status = HTTPStatus.BAD_REQUEST


class MalformedAsking(Refusal):
    """Say that this is not a request for a cosignature."""


class UntrustedSignature(Refusal):
    """Say that no known key has signed the checkpoint."""

    status = HTTPStatus.FORBIDDEN


class UnknownLog(Refusal):
    """Say that this log is none of ours."""

    status = HTTPStatus.NOT_FOUND


class OtherPast(Refusal):
    """Say at which size the log was cosigned last."""

    status = HTTPStatus.CONFLICT

    def __init__(self, size: int) -> None:
        super().__init__(f"The checkpoint that was cosigned last has the size {size}.")
        self.size = size


class Inconsistent(Refusal):
    """Say that the proof does not lead from the old checkpoint to the new one."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class Witness:
    """Watches the logs it knows, and cosigns with each of its keys."""

    def __init__(
        self,
        *,
        keys: Sequence[CosigningKey],
        logs: Iterable[VerifierKey],
        store: WitnessStore,
        now: Callable[[], int],
    ) -> None:
        """Watch logs by their keys; a log's name is its origin, and it may have several keys."""
        self._keys = keys
        self._logs = _by_origin(logs)
        self._store = store
        self._now = now

    def add_checkpoint(self, body: bytes) -> str:
        """Return the lines of our cosignatures below a checkpoint, or raise Refusal.

        What is returned was remembered on the disk before.
        """
        asked, checkpoint = self._read(body)
        try:
            return self._cosigned(asked, checkpoint)
        except (Inconsistent, _OtherRoot) as refusal:
            # The log's own key has signed it, so it may show that the log contradicts itself.
            evidence = Evidence(checkpoint.origin, self._now(), str(refusal), body)
            self._store.keep_evidence(evidence)
            raise

    def _read(self, body: bytes) -> tuple[AddCheckpoint, Checkpoint]:
        """Return what is asked once a key of its log has signed it."""
        try:
            asked = AddCheckpoint.parse(body)
            note = Note.parse(asked.note)
            checkpoint = Checkpoint.parse(note.text)
            parse_size(str(checkpoint.size))
        except (MalformedRequest, NoteError) as error:
            raise MalformedAsking(str(error)) from error
        if checkpoint.origin not in self._logs:
            raise UnknownLog(f"This witness does not watch the log {checkpoint.origin}.")
        try:
            open_note(asked.note, self._logs[checkpoint.origin])
        except NoteError as error:
            raise UntrustedSignature(str(error)) from error
        if asked.old_size > checkpoint.size:
            raise MalformedAsking("The old size is larger than the checkpoint's.")
        return asked, checkpoint

    def _cosigned(self, asked: AddCheckpoint, checkpoint: Checkpoint) -> str:
        with self._store.turn() as turn:
            seen = turn.seen(checkpoint.origin)
            _require_growth(seen, asked, checkpoint)
            # A clock that was set back must not make a later statement the earlier one.
            moment = max(self._now(), seen.cosigned_at)
            text = checkpoint.to_text()
            lines = [key.cosign(text, timestamp=moment).to_line() for key in self._keys]
            turn.keep(checkpoint, asked.note, cosigned_at=moment)
        return "".join(lines)


class _OtherRoot(OtherPast):
    """Say, as well, that the log has signed two trees of one size."""


def _require_growth(seen: Seen, asked: AddCheckpoint, checkpoint: Checkpoint) -> None:
    if asked.old_size != seen.size:
        raise OtherPast(seen.size)
    if checkpoint.size == seen.size and checkpoint.root != seen.root:
        raise _OtherRoot(seen.size)
    proof = ConsistencyProof(seen.size, checkpoint.size, asked.proof)
    try:
        verify_consistency(proof, old_root=seen.root, new_root=checkpoint.root)
    except MerkleError as error:
        raise Inconsistent(str(error)) from error


def _by_origin(logs: Iterable[VerifierKey]) -> Mapping[str, list[VerifierKey]]:
    by_origin: dict[str, list[VerifierKey]] = {}
    for key in logs:
        by_origin.setdefault(key.name, []).append(key)
    return by_origin
