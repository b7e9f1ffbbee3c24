"""Which tasks are held out: decided by their name alone, so that every version agrees."""

from hashlib import sha256

RANGE = 2**64


def is_held_out(external_id: str, share: float) -> bool:
    """Say whether a task is kept from training.

    The external id's SHA-256 gives a number in [0, 1); a task is held out where it lies below the
    share. So what a smaller share holds out, a larger one does too, and two versions can always be
    compared on the cases that neither has seen.
    """
    place = int.from_bytes(sha256(external_id.encode()).digest()[:8], "big")
    return place < share * RANGE
