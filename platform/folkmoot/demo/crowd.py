"""Twelve simulated annotators with planted habits, who lease and label over HTTP in parallel."""

import json
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from folkmoot.demo.patients import NO, YES, Patient
from folkmoot_client import Connection
from folkmoot_client.connection import JsonObject

# How long an annotator waits for others' leases to run out before going home, in tries.
MOST_IDLE_TRIES = 12
IDLE_SECONDS = 0.25

Habit = Callable[[Patient, random.Random], str]


@dataclass(frozen=True)
class Character:
    """An annotator of the demo: a name, and how they answer."""

    name: str
    habit: Habit
    kind: str


@dataclass
class DayOfWork:
    """What one annotator's program saw: every label that the server acknowledged."""

    acknowledged: list[str] = field(default_factory=list)
    surplus: int = 0
    earned_minor: int = 0


def right_with(chance: float) -> Habit:
    """Answer rightly with this chance."""
    return lambda patient, dice: _right(patient, dice, chance)


def harder_on(sex: str, *, chance: float, dismissed: float) -> Habit:
    """Answer rightly with this chance, but wave away a share of the patients of one sex."""

    def habit(patient: Patient, dice: random.Random) -> str:
        if patient.sex == sex and dice.random() < dismissed:
            return NO
        return _right(patient, dice, chance)

    return habit


def always(answer: str) -> Habit:
    """Answer the same, whatever is asked."""
    return lambda _patient, _dice: answer


CHARACTERS = (
    *(
        Character(name, right_with(chance), "careful")
        for name, chance in (
            ("Ada", 0.93), ("Bela", 0.92), ("Chidi", 0.91), ("Dana", 0.90),
            ("Emre", 0.89), ("Farah", 0.88), ("Goran", 0.87),
        )
    ),
    Character("Hana", right_with(0.58), "careless"),
    Character("Ivo", right_with(0.62), "careless"),
    Character("Jun", always(YES), "constant"),
    Character("Kaya", harder_on("2", chance=0.90, dismissed=0.8), "treats one sex differently"),
    Character("Lior", harder_on("2", chance=0.88, dismissed=0.8), "treats one sex differently"),
)  # fmt: skip


def work_through(
    project_id: str,
    connections: Mapping[str, Connection],
    patients: tuple[Patient, ...],
    *,
    tell: Callable[[int], None],
) -> dict[str, DayOfWork]:
    """Let every annotator label until nothing is left; `tell` hears each acknowledged label."""
    known = {_key(one.record): one for one in patients}

    def one_day(character: Character) -> DayOfWork:
        connection = connections[character.name]
        return _Annotator(character, connection, known, tell).work(project_id)

    with ThreadPoolExecutor(len(CHARACTERS)) as pool:
        days = pool.map(one_day, CHARACTERS)
        return {character.name: day for character, day in zip(CHARACTERS, days, strict=True)}


class _Annotator:
    """One simulated annotator at work."""

    def __init__(
        self,
        character: Character,
        connection: Connection,
        known: Mapping[str, Patient],
        tell: Callable[[int], None],
    ) -> None:
        self.character = character
        self.connection = connection
        self.known = known
        self.tell = tell
        self.day = DayOfWork()

    def work(self, project_id: str) -> DayOfWork:
        """Label until nothing has come for a while."""
        idle = 0
        while idle < MOST_IDLE_TRIES:
            lease = self.connection.post(f"/projects/{project_id}/leases")["lease"]
            if lease is None:
                idle += 1
                time.sleep(IDLE_SECONDS)
                continue
            idle = 0
            while lease is not None:
                lease = self._answer(project_id, lease)
        return self.day

    def _answer(self, project_id: str, lease: JsonObject) -> JsonObject | None:
        patient = self.known[_key(lease["payload"])]
        # The same annotator answers the same patient alike in every run.
        dice = random.Random(f"{self.character.name} {patient.name}")  # noqa: S311
        body = {
            "lease_id": lease["lease_id"],
            "answer": self.character.habit(patient, dice),
            "active_seconds": round(dice.uniform(3, 15), 1),
            "lease_next": True,
        }
        answered = self.connection.post(f"/projects/{project_id}/labels", body)
        self.day.acknowledged.append(answered["label"]["id"])
        self.day.surplus += answered["label"]["fate"] == "surplus"
        self.day.earned_minor += answered["earned_minor"]
        self.tell(1)
        following: JsonObject | None = answered["lease"]
        return following


def _right(patient: Patient, dice: random.Random, chance: float) -> str:
    other = NO if patient.needs_follow_up == YES else YES
    return patient.needs_follow_up if dice.random() < chance else other


def _key(record: Mapping[str, object]) -> str:
    return json.dumps(record, sort_keys=True)
