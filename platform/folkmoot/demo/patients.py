"""Real patients: the diabetes study that comes with scikit-learn.

Efron, Hastie, Johnstone and Tibshirani (2004), "Least Angle Regression": 442 people with age,
sex, body mass index, blood pressure and six blood measurements, and how far the disease had
progressed a year later. The study codes sex as 1 and 2 and does not say which is which.
"""

import random
from dataclasses import dataclass

from folkmoot.kernel.json_values import JsonObject

YES, NO = "yes", "no"
N_TASKS = 300
N_GOLD = 30
SEED = 2004

COLUMNS = {
    "bmi": "body_mass_index",
    "bp": "blood_pressure",
    "s1": "cholesterol",
    "s2": "ldl",
    "s3": "hdl",
    "s4": "cholesterol_to_hdl",
    "s5": "log_triglycerides",
    "s6": "glucose",
}
FEATURES = ("age", *COLUMNS.values())


@dataclass(frozen=True)
class Patient:
    """One person of the study: what is known at the visit, and what turned out a year later."""

    name: str
    record: JsonObject
    needs_follow_up: str

    @property
    def sex(self) -> str:
        """Return the study's code for the person's sex."""
        return str(self.record["sex"])


@dataclass(frozen=True)
class Study:
    """The people of the study: those put to the crowd, those of them known, and the later cases."""

    tasks: tuple[Patient, ...]
    gold: frozenset[str]
    cases: tuple[Patient, ...]

    @property
    def everyone(self) -> tuple[Patient, ...]:
        """Return all patients."""
        return self.tasks + self.cases


def load_study() -> Study:
    """Return the study, split the same way each time."""
    patients = _patients()
    random.Random(SEED).shuffle(patients)  # noqa: S311  # a split, not a secret
    tasks = tuple(patients[:N_TASKS])
    gold = frozenset(one.name for one in tasks[:: N_TASKS // N_GOLD])
    return Study(tasks, gold, tuple(patients[N_TASKS:]))


def _patients() -> list[Patient]:
    from sklearn.datasets import load_diabetes  # noqa: PLC0415  # slow; a wrong option is not

    bunch = load_diabetes(as_frame=True, scaled=False)
    median = bunch.target.median()
    rows = bunch.data.to_dict(orient="records")
    return [
        Patient(f"P-{number:03d}", _record(row), YES if progression > median else NO)
        for number, (row, progression) in enumerate(zip(rows, bunch.target, strict=True), 1)
    ]


def _record(row: dict[str, float]) -> JsonObject:
    measured = {name: round(float(row[column]), 4) for column, name in COLUMNS.items()}
    return {"age": int(row["age"]), "sex": str(int(row["sex"])), **measured}
