"""Bundles of entries as C2SP's tlog-tiles writes them: each with its length in two bytes before."""

from collections.abc import Iterable

__all__ = ["LARGEST_ENTRY_BYTES", "EntryTooLarge", "MalformedBundle", "parse_bundle", "to_bundle"]

LENGTH_BYTES = 2
# What two bytes can count: nothing larger can be in a log that is served in tiles.
LARGEST_ENTRY_BYTES = 0xFFFF


class EntryTooLarge(ValueError):
    """Say that an entry has more bytes than its length can say."""


class MalformedBundle(ValueError):
    """Say that these bytes are not a bundle of entries."""


def to_bundle(entries: Iterable[bytes]) -> bytes:
    """Write entries one after the other, or raise EntryTooLarge."""
    return b"".join(map(_with_length, entries))


def parse_bundle(bundle: bytes) -> list[bytes]:
    """Read what `to_bundle` wrote; raise MalformedBundle for anything else."""
    entries = []
    at = 0
    while at < len(bundle):
        start = at + LENGTH_BYTES
        end = start + int.from_bytes(bundle[at:start], "big")
        if end > len(bundle) or start > len(bundle):
            raise MalformedBundle("This bundle of entries is cut off.")
        entries.append(bundle[start:end])
        at = end
    return entries


def _with_length(entry: bytes) -> bytes:
    if len(entry) > LARGEST_ENTRY_BYTES:
        raise EntryTooLarge(f"An entry has at most {LARGEST_ENTRY_BYTES} bytes.")
    return len(entry).to_bytes(LENGTH_BYTES, "big") + entry
