"""Ask witnesses over HTTP to cosign the log's checkpoints.

Nothing waits for a witness: it is asked outside every transaction, after the sealing, and each in
a thread of its own. What one fails to cosign, the next round or the next sweep asks again.
"""

import logging
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from http.client import HTTPException
from threading import Event, Thread

from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from audit.merkle import MerkleError
from audit.models import SignedCheckpoint
from audit.notes import Note, Signature
from audit.signing_keys import NoteError
from audit.tiles import prove_consistency_at
from audit.witness_messages import ADD_CHECKPOINT, AddCheckpoint, MalformedRequest, parse_size
from audit.witness_policy import Witness
from audit.witnessing import (
    cosigned_size,
    keep_cosignature,
    newest_size,
    next_size_for,
    note_standing,
)
from folkmoot.bootstrap import Services
from folkmoot.kernel.errors import DomainError

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 5.0
MOST_ANSWER_BYTES = 64 * 1024
EVERY_SECONDS = 1.0
# A busy log signs several times a second, and each cosignature is a row that stays.
SECONDS_BETWEEN = 10.0
SLOWEST_SECONDS = 60.0


class WitnessProblem(Exception):
    """Say in one sentence what kept a witness from cosigning."""


@dataclass(frozen=True)
class Answer:
    """What a witness answered."""

    status: int
    text: str


def ask_witnesses(services: Services) -> None:
    """Ask each witness once, all at the same time, and wait for their answers."""
    threads = [
        Thread(target=ask_witness, args=(services, witness)) for witness in _askable(services)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def witness_threads(services: Services, *, stop: Event) -> Sequence[Thread]:
    """Start a thread for each witness, which asks it whenever there is something to cosign."""
    threads = [
        Thread(target=_ask_forever, args=(services, witness, stop), daemon=True)
        for witness in _askable(services)
    ]
    for thread in threads:
        thread.start()
    return threads


class Asked(Enum):
    """What became of asking a witness."""

    COSIGNED = "cosigned"
    NOTHING_NEW = "nothing new"
    FAILED = "failed"


def ask_witness(services: Services, witness: Witness) -> Asked:
    """Ask one witness to cosign what it has not cosigned yet."""
    with services.reading() as uow:
        size = next_size_for(uow, policy=services.witness_policy, key=witness.key)
    if size is None:
        return Asked.NOTHING_NEW
    try:
        size, signature = _cosignature(services, witness, size)
    except WitnessProblem as problem:
        log.warning("The witness %s did not cosign: %s", witness.name, problem)
        with services.unit_of_work() as uow:
            note_standing(uow, key=witness.key, problem=str(problem))
        return Asked.FAILED
    with services.unit_of_work() as uow:
        keep_cosignature(uow, size=size, key=witness.key, signature=signature)
        note_standing(uow, key=witness.key)
    return Asked.COSIGNED


def _ask_forever(services: Services, witness: Witness, stop: Event) -> None:
    wait = EVERY_SECONDS
    while not stop.wait(wait):
        asked = _asked(services, witness)
        if asked is Asked.COSIGNED:
            wait = SECONDS_BETWEEN
        elif asked is Asked.NOTHING_NEW:
            wait = EVERY_SECONDS
        else:  # whoever is down is asked ever more rarely
            wait = min(2 * wait, SLOWEST_SECONDS)


def _asked(services: Services, witness: Witness) -> Asked:
    try:
        return ask_witness(services, witness)
    except DBAPIError as error:
        log.warning("The database does not answer; witnesses are asked later: %s", error)
    except DomainError as refusal:
        log.error("No witness can be asked: %s", refusal.message)  # noqa: TRY400  # no bug of ours
    return Asked.FAILED


def _cosignature(services: Services, witness: Witness, size: int) -> tuple[int, Signature]:
    """Return a cosignature that fits, and the size it is for."""
    with services.reading() as uow:
        old_size = min(cosigned_size(uow, witness.key), size)
    asked, answer = _ask(services, witness, old_size=old_size, size=size)
    if answer.status == HTTPStatus.CONFLICT:
        # It knows another size than we do: it was asked by somebody else, or its answer was lost.
        old_size, size = _sizes_after(services, answer, size)
        asked, answer = _ask(services, witness, old_size=old_size, size=size)
    if answer.status != HTTPStatus.OK:
        reason = answer.text.strip().partition("\n")[0][:200]
        raise WitnessProblem(f"It answers {answer.status}: {reason}")
    return size, _signature_in(answer.text, witness, asked.note)


def _sizes_after(services: Services, answer: Answer, size: int) -> tuple[int, int]:
    """Return from which size to which to prove to a witness that has cosigned another than ours."""
    try:
        theirs = parse_size(answer.text.removesuffix("\n"))
    except MalformedRequest as error:
        raise WitnessProblem("It answers 409, and not with a size.") from error
    with services.reading() as uow:
        newest = newest_size(uow)
    if theirs > newest:
        raise WitnessProblem(
            f"It has cosigned this log at size {theirs}, and here its size is {newest}: this log "
            "was cut short, or an older backup was restored."
        )
    return theirs, size if theirs <= size else newest


def _ask(
    services: Services, witness: Witness, *, old_size: int, size: int
) -> tuple[AddCheckpoint, Answer]:
    with services.reading() as uow:
        note = uow.session.exec(
            select(SignedCheckpoint.note).where(col(SignedCheckpoint.size) == size)
        ).one()
        try:
            proof = prove_consistency_at(uow, old_size=old_size, new_size=size)
        except MerkleError as error:
            raise WitnessProblem(f"The log is damaged: {error}") from error
    asked = AddCheckpoint(old_size, proof.path, note)
    return asked, _post(witness.url.rstrip("/") + ADD_CHECKPOINT, asked.to_bytes())


def _post(url: str, body: bytes) -> Answer:
    request = urllib.request.Request(url, data=body, method="POST")  # noqa: S310  # http(s) by policy
    request.add_header("Content-Type", "text/plain; charset=utf-8")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  # the same
            return Answer(answer.status, _text(answer.read(MOST_ANSWER_BYTES)))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _text(error.read(MOST_ANSWER_BYTES)))
    except (OSError, HTTPException) as error:
        raise WitnessProblem(f"It does not answer: {error}") from error


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _signature_in(lines: str, witness: Witness, note: str) -> Signature:
    """Return the witness's own signature among those that it answered with."""
    try:
        signed = Note.parse(note + lines)
        for one in signed.signatures:
            if (one.name, one.key_id) == (witness.key.name, witness.key.key_id):
                witness.key.verify(signed.text, one.value)
                return one
    except NoteError as error:
        raise WitnessProblem(f"Its cosignature is not valid: {error}") from error
    raise WitnessProblem("Its answer holds no cosignature by the key that the policy names.")


def _askable(services: Services) -> list[Witness]:
    return [one for one in services.witness_policy.witnesses if one.url]
