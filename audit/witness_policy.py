"""Whose cosignatures a checkpoint needs: a policy file as c2sp.org/tlog-policy defines it.

    log example.org/log+1a2b3c4d+AZ...
    witness first witness.example/1+5e6f7a8b+BC... https://witness.example/1
    witness second other.example/w+9c0d1e2f+BD... https://other.example/w
    group both 2 first second
    quorum both

Pure: text in, rules out. The log asks the witnesses that have an address.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from audit.cosigning import CosignerKey
from audit.signing_keys import MalformedKey, VerifierKey

__all__ = ["NO_WITNESSES", "KnownLog", "MalformedPolicy", "Witness", "WitnessPolicy"]

NO_QUORUM = "none"
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class MalformedPolicy(ValueError):
    """Say which line of a policy cannot be followed, and why."""


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A log whose checkpoints are believed."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: what the policy calls it, its key, and where it can be asked."""

    name: str
    key: CosignerKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Members of which `threshold` must have cosigned."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """Hold the known logs, the witnesses, and the rule of how many of them suffice."""

    logs: tuple[KnownLog, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NO_QUORUM

    @property
    def needs_witnesses(self) -> bool:
        """Say whether a checkpoint needs any cosignature."""
        return self.quorum != NO_QUORUM

    def is_met_by(self, labels: Collection[str]) -> bool:
        """Say whether cosignatures by keys of these labels (`name+hash`) suffice."""
        if not self.needs_witnesses:
            return True
        cosigned = {one.name for one in self.witnesses if one.key.label in labels}
        return self._is_met(self.quorum, cosigned)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a policy file, or raise MalformedPolicy."""
        reading = _Reading()
        for number, line in enumerate(text.split("\n"), 1):
            try:
                reading.take(line)
            except (MalformedKey, MalformedPolicy) as error:
                raise MalformedPolicy(f"Line {number} of the policy: {error}") from error
        if reading.quorum is None:
            raise MalformedPolicy("A policy says what its quorum is, if only `quorum none`.")
        return cls(
            logs=tuple(reading.logs),
            witnesses=tuple(reading.witnesses.values()),
            groups=reading.groups,
            quorum=reading.quorum,
        )

    def _is_met(self, name: str, cosigned: Collection[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in cosigned
        n_met = sum(self._is_met(member, cosigned) for member in group.members)
        return n_met >= group.threshold


NO_WITNESSES = WitnessPolicy()


class _Reading:
    """Takes a policy line by line; a line can only speak of what stands above it."""

    def __init__(self) -> None:
        self.logs: list[KnownLog] = []
        self.witnesses: dict[str, Witness] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()
        self._take: dict[str, Callable[[Iterator[str]], None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }

    def take(self, line: str) -> None:
        if _CONTROL_CHARACTER.search(line):
            raise MalformedPolicy("it holds a control character.")
        words = re.findall(r"[^ \t]+", line)
        if not words or words[0].startswith("#"):
            return
        if words[0] not in self._take:
            raise MalformedPolicy(f"{words[0]!r} is neither log, witness, group nor quorum.")
        rest = iter(words[1:])
        self._take[words[0]](rest)
        if next(rest, None) is not None:
            raise MalformedPolicy("it has more words than it can have.")

    def _log(self, words: Iterator[str]) -> None:
        log = KnownLog(VerifierKey.parse(_next(words)), next(words, ""))
        if any(log.key.public_key == one.key.public_key for one in self.logs):
            raise MalformedPolicy("this log's key stands there already.")
        self.logs.append(log)

    def _witness(self, words: Iterator[str]) -> None:
        witness = Witness(self._new_name(words), CosignerKey.parse(_next(words)), next(words, ""))
        known = {one.key.public_key for one in self.witnesses.values()}
        if witness.key.public_key in known:
            raise MalformedPolicy("this witness's key stands there already.")
        self.witnesses[witness.name] = witness

    def _group(self, words: Iterator[str]) -> None:
        name, threshold, members = self._new_name(words), _next(words), tuple(words)
        for member in members:
            self._require_known(member)
            if member in self._members:
                raise MalformedPolicy(f"{member} is a member of a group already.")
            self._members.add(member)
        self.groups[name] = Group(_threshold(threshold, len(members)), members)

    def _quorum(self, words: Iterator[str]) -> None:
        name = _next(words)
        if self.quorum is not None:
            raise MalformedPolicy("there is one quorum, and it stands there already.")
        if name != NO_QUORUM:
            self._require_known(name)
        self.quorum = name

    def _new_name(self, words: Iterator[str]) -> str:
        name = _next(words)
        if name == NO_QUORUM or name in self.witnesses or name in self.groups:
            raise MalformedPolicy(f"the name {name} is taken.")
        return name

    def _require_known(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise MalformedPolicy(f"no witness or group above is called {name}.")


def _next(words: Iterator[str]) -> str:
    word = next(words, None)
    if word is None:
        raise MalformedPolicy("a word is missing at its end.")
    return word


def _threshold(written: str, n_members: int) -> int:
    number = {"any": 1, "all": n_members}.get(written)
    if number is None and re.fullmatch(r"[1-9][0-9]{0,3}", written):
        number = int(written)
    if number is None or not 1 <= number <= n_members:
        raise MalformedPolicy("a group needs 'any', 'all' or a number of its members.")
    return number
