"""A governed project on real patients, in the fewest words that a test can say it."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sklearn.datasets import load_diabetes
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel, col, select

import audit.models  # noqa: F401  # makes its tables known
from audit.actions import Action
from audit.models import Entry
from crowd.models import (
    ConsensusRun,
    DataSet,
    Fate,
    Label,
    Origin,
    Outcome,
    Project,
    Task,
    TaskState,
)
from crowd.projects import ProjectDraft, create_project
from folkmoot.identity.models import Account
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.unit_of_work import UnitOfWork, reading, unit_of_work
from folkmoot.runtime.postgres import TemporaryPostgres
from governance.deciding import decide, load_batch, store_decisions
from governance.decisions import CaseDraft, submit_cases
from governance.learning import TrainingProblem, TrainingResult, train
from governance.models import Decision, DecisionBatch, Model, ModelVersion
from governance.policies import Condition, GateRule, Operator, PolicyDraft, set_policy
from governance.registry import (
    ModelDraft,
    TrainingParameters,
    create_model,
    promote_version,
    request_version,
)
from governance.review import ShownCase, show_case
from governance.training import load_training_problem, store_version

GATE = GateRule(max_error_increase=0.1)
POLICY = PolicyDraft(
    hold_below=0.75,
    high_stakes=(Condition(field="age", operator=Operator.AT_LEAST, value=75),),
    gate=GATE,
)


@dataclass(frozen=True)
class Patient:
    """One of scikit-learn's 442 diabetes patients; sick means progression above the median."""

    name: str
    payload: JsonObject
    is_sick: bool

    @property
    def answer(self) -> str:
        return "yes" if self.is_sick else "no"


@cache
def patients() -> tuple[Patient, ...]:
    bundled = load_diabetes(scaled=False)
    median = float(sorted(bundled.target)[len(bundled.target) // 2])
    return tuple(
        Patient(
            f"patient-{place:03}",
            {name: float(value) for name, value in zip(bundled.feature_names, row, strict=True)},
            bool(target > median),
        )
        for place, (row, target) in enumerate(zip(bundled.data, bundled.target, strict=True))
    )


@pytest.fixture(scope="session")
def governance_postgres(postgres_server: TemporaryPostgres) -> Iterator[Engine]:
    engine = make_engine(postgres_server.create_database("governance"))
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind."""
    if request.param == "postgresql":
        yield request.getfixturevalue("governance_postgres")
        _empty(request.getfixturevalue("governance_postgres"))
        return
    engine = make_engine(f"sqlite:///{tmp_path / 'governance.sqlite'}")
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


def _empty(engine: Engine) -> None:
    names = ", ".join(f'"{table.name}"' for table in SQLModel.metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {names}"))


class Court:
    """A project whose model is trained, decides and is overseen."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.patients = patients()
        self.artifacts = ArtifactStore(folder)
        self.team = self.person("Team")
        self.second = self.person("Second")
        self.officer = self.person("Officer")
        self.reviewer = self.person("Reviewer")
        self.project = self.another_project()

    def work(self) -> AbstractContextManager[UnitOfWork]:
        return unit_of_work(self.engine)

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return reading(self.engine)

    def person(self, name: str = "Rae") -> Actor:
        account = Account(
            email=f"{new_id()}@example.org", display_name=name, created_at=clock.now()
        )
        with self.work() as uow:
            uow.session.add(account)
        return Actor(id=account.id, name=name)

    def another_project(self) -> Project:
        draft = ProjectDraft(
            slug=f"p-{new_id().hex}",
            title="Does this patient need close follow-up?",
            answer_schema={"choices": ["yes", "no"]},
            instructions="Look at the record.",
            group_fields={"sex": [], "age": [40, 60]},
        )
        with self.work() as uow:
            return create_project(uow, self.team, draft=draft)

    def policy(self, draft: PolicyDraft = POLICY) -> None:
        with self.work() as uow:
            set_policy(uow, self.officer, project_id=self.project.id, draft=draft)

    def outcomes(self, known: Sequence[Patient] | None = None) -> None:
        with self.work() as uow:
            uow.session.exec(
                sa.insert(Outcome),
                params=[
                    {
                        "project_id": self.project.id,
                        "external_id": patient.name,
                        "answer": patient.answer,
                        "source": "after a year",
                        "recorded_at": clock.now(),
                    }
                    for patient in (patients() if known is None else known)
                ],
            )

    def data_set(
        self, crowd: Sequence[Patient], reviewed: Sequence[Patient] = (), *, number: int = 1
    ) -> DataSet:
        """A finished data set; the crowd is right about every patient but each tenth."""
        rows = [_row(patient, "crowd", wrong=at % 10 == 0) for at, patient in enumerate(crowd)]
        rows += [_row(patient, "review", wrong=False) for patient in reviewed]
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        run = ConsensusRun(
            project_id=self.project.id,
            number=number,
            method="majority",
            state=WorkState.FINISHED,
            requested_by=self.team.id,
            created_at=clock.now(),
        )
        data_set = DataSet(
            project_id=self.project.id,
            consensus_run_id=run.id,
            number=number,
            state=WorkState.FINISHED,
            n_rows=len(rows),
            digest=sha256(content).hexdigest(),
            manifest={"files": {"jsonl": {"digest": self.artifacts.put(content)}}},
            requested_by=self.team.id,
            created_at=clock.now(),
        )
        with self.work() as uow:
            uow.session.add(run)
            uow.session.flush()
            uow.session.add(data_set)
        return data_set

    def model(self, name: str = "follow-up") -> Model:
        with self.work() as uow:
            return create_model(
                uow, self.team, project_id=self.project.id, draft=ModelDraft(name=name)
            )

    def request(self, model: Model, data_set: DataSet, **parameters: object) -> ModelVersion:
        with self.work() as uow:
            return request_version(
                uow,
                self.team,
                model_id=model.id,
                data_set_id=data_set.id,
                parameters=TrainingParameters.model_validate(parameters),
            )

    def train(self, version: ModelVersion) -> ModelVersion:
        """Do what the training job does."""
        with self.read() as uow:
            problem = load_training_problem(uow, self.artifacts, version_id=version.id)
        result = _trained(problem)
        with self.work() as uow:
            return store_version(uow, self.artifacts, problem=problem, result=result)

    def promote(self, version: ModelVersion) -> ModelVersion:
        with self.work() as uow:
            return promote_version(uow, self.second, version_id=version.id)

    def active_model(self) -> Model:
        """A model with a promoted first version, under the usual policy."""
        self.policy()
        self.outcomes()
        model = self.model()
        self.promote(self.train(self.request(model, self.data_set(patients()[:300]))))
        return model

    def decide(self, model: Model, cases: Sequence[Patient]) -> DecisionBatch:
        """Submit cases, and do what the job does."""
        drafts = [CaseDraft(case_ref=each.name, payload=dict(each.payload)) for each in cases]
        with self.work() as uow:
            batch = submit_cases(uow, self.team, model_id=model.id, cases=drafts)
        with self.read() as uow:
            problem = load_batch(uow, self.artifacts, batch_id=batch.id)
        proposals = decide(problem)
        with self.work() as uow:
            return store_decisions(uow, problem=problem, proposals=proposals)

    def decisions(self) -> Sequence[Decision]:
        with self.read() as uow:
            return uow.session.exec(select(Decision).order_by(col(Decision.id))).all()

    def show(self, decision_id: UUID, reviewer: Actor | None = None) -> ShownCase:
        with self.work() as uow:
            return show_case(uow, reviewer or self.reviewer, decision_id=decision_id)

    def crowd_labels(
        self, about: Sequence[Patient], habits: Sequence[Callable[[Patient], str]]
    ) -> None:
        """Give each patient a label by every annotator, each with a habit of answering."""
        annotators = [self.person(f"Annotator {number}") for number in range(len(habits))]
        with self.work() as uow:
            for position, patient in enumerate(about):
                task = Task(
                    project_id=self.project.id,
                    external_id=patient.name,
                    origin=Origin.CROWD,
                    payload=patient.payload,
                    position=position,
                    state=TaskState.COMPLETE,
                    created_at=clock.now(),
                )
                uow.session.add(task)
                uow.session.flush()
                uow.session.add_all(
                    self._label(task, annotator, habit(patient))
                    for annotator, habit in zip(annotators, habits, strict=True)
                )

    def _label(self, task: Task, annotator: Actor, answer: str) -> Label:
        return Label(
            project_id=task.project_id,
            task_id=task.id,
            annotator_id=annotator.id,
            origin=Origin.CROWD,
            answer=answer,
            fate=Fate.ACCEPTED,
            active_seconds=5.0,
            instructions_version=1,
            created_at=clock.now(),
        )

    def entries(self, *actions: Action) -> Sequence[Entry]:
        with self.read() as uow:
            return uow.session.exec(
                select(Entry).where(col(Entry.action).in_(actions)).order_by(col(Entry.id))
            ).all()


_RESULTS: dict[str, TrainingResult] = {}


def _trained(problem: TrainingProblem) -> TrainingResult:
    """Train once for each problem: most tests share one, and training it again gives the same."""
    if problem.rival is not None:
        return train(problem)
    key = repr(replace(problem, version_id=None))
    if key not in _RESULTS:
        _RESULTS[key] = train(problem)
    return _RESULTS[key]


def _row(patient: Patient, origin: str, *, wrong: bool) -> JsonObject:
    answer = patient.answer if not wrong else {"yes": "no", "no": "yes"}[patient.answer]
    return {
        "external_id": patient.name,
        "origin": origin,
        "answer": answer,
        "confidence": 0.9,
        "n_labels": 3,
        "posterior": [0.9, 0.1],
        **patient.payload,
    }


@pytest.fixture
def court(engine: Engine, tmp_path: Path) -> Court:
    return Court(engine, tmp_path / "artifacts")
