"""The whole application over a small world: a project, a model, decisions, reviews, reports."""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import sync_playwright
from sklearn.datasets import load_diabetes
from sqlmodel import SQLModel, col, select

from audit.actions import Action
from audit.models import Entry
from audit.recording import record
from crowd.claims import run_result
from crowd.importing import TaskRow, add_rows
from crowd.labelling import submit_label
from crowd.leasing import next_lease
from crowd.models import ConsensusRun, DataSet, Outcome, Project, ProjectState
from crowd.projects import ProjectDraft, change_state, create_project
from folkmoot.app import create_app
from folkmoot.bootstrap import Services, bootstrap
from folkmoot.identity.accounts import AccountDraft, actor_of, create_account
from folkmoot.identity.models import Account
from folkmoot.identity.permissions import Role
from folkmoot.identity.sessions import open_session
from folkmoot.jobs import audit_jobs, governance_jobs
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM, Actor
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.settings import Settings
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.decisions import CaseDraft, submit_cases
from governance.models import (
    Act,
    Decision,
    DecisionState,
    Model,
    ModelVersion,
    ReasonCode,
    ReportKind,
    Review,
)
from governance.policies import Condition, Operator, PolicyDraft, set_policy
from governance.registry import (
    ModelDraft,
    TrainingParameters,
    create_model,
    promote_version,
    request_version,
)
from governance.reporting import ReportDefinition, request_report
from governance.review import review_decision, show_case

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
PEOPLE = {
    "officer": ("Olga Officer", Role.OFFICER),
    "reviewer": ("Rafael Reviewer", Role.REVIEWER),
    "colleague": ("Rosa Reviewer", Role.REVIEWER),
    "team": ("Tamsin Team", Role.TEAM),
    "annotator": ("Ann Annotator", Role.ANNOTATOR),
    "second": ("Abel Annotator", Role.ANNOTATOR),
    "third": ("Ada Annotator", Role.ANNOTATOR),
}
REASON = "The last blood test came back after this was written."


@dataclass(frozen=True)
class World:
    """Services over a database with everything in it, and short ways to act in it."""

    services: Services
    people: dict[str, UUID]
    project_id: UUID
    model_id: UUID
    version_id: UUID
    model_report_id: UUID
    annotator_report_id: UUID

    def actor(self, name: str) -> Actor:
        with self.services.reading() as uow:
            return actor_of(uow, self.people[name])

    def decisions(self, state: DecisionState = DecisionState.HELD) -> Sequence[Decision]:
        with self.services.reading() as uow:
            wanted = select(Decision).where(col(Decision.state) == state)
            return uow.session.exec(wanted.order_by(col(Decision.due_at), col(Decision.id))).all()

    def held(self, place: int = 0) -> Decision:
        """A decision that waits and that nobody has."""
        return [each for each in self.decisions() if each.claimed_by is None][place]

    def review(self, act: Act, decision: Decision, by: str = "reviewer") -> Review:
        """Act on a case with every reason that is needed."""
        other = "no" if decision.proposed == "yes" else "yes"
        needs_reason = act is not Act.CONFIRM
        with self.services.unit_of_work() as uow:
            shown = show_case(uow, self.actor(by), decision_id=decision.id)
            return review_decision(
                uow,
                self.actor(by),
                decision_id=decision.id,
                case_view_id=shown.view.id,
                act=act,
                answer=other if act in {Act.OVERRIDE, Act.REVERSE} else None,
                reason_codes=[ReasonCode.NEW_EVIDENCE] if needs_reason else [],
                reason_text=REASON if needs_reason else "",
            )

    def entries(self, subject_id: UUID | None = None) -> Sequence[Entry]:
        with self.services.reading() as uow:
            wanted = select(Entry).order_by(col(Entry.id))
            if subject_id is not None:
                wanted = wanted.where(col(Entry.subject_id) == subject_id)
            return uow.session.exec(wanted).all()

    def seal(self) -> None:
        audit_jobs.seal(self.services)

    def verify(self) -> None:
        audit_jobs.verify_log(self.services, self.project_id)


class Builder:
    """Makes the world through the services and the jobs, as it would come about."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.people = {name: self._person(name, *who) for name, who in PEOPLE.items()}
        self.project = self._project()

    def world(self) -> World:
        self._labels()
        self._outcomes()
        model, version = self._model()
        self._decide(model)
        world = World(
            services=self.services,
            people={name: account.id for name, account in self.people.items()},
            project_id=self.project.id,
            model_id=model.id,
            version_id=version.id,
            model_report_id=self._report(ReportKind.MODEL_FAIRNESS, version.id),
            annotator_report_id=self._report(ReportKind.ANNOTATOR_FAIRNESS),
        )
        for act in (Act.CONFIRM, Act.OVERRIDE, Act.DISREGARD):
            world.review(act, world.held())
        world.seal()
        return world

    def _person(self, name: str, display_name: str, role: Role) -> Account:
        draft = AccountDraft(
            email=f"{name}@example.org", display_name=display_name, roles=frozenset({role})
        )
        with self.services.unit_of_work() as uow:
            return create_account(uow, PLATFORM, draft=draft)

    def _actor(self, name: str) -> Actor:
        return Actor(id=self.people[name].id, name=self.people[name].display_name)

    def _project(self) -> Project:
        draft = ProjectDraft(
            slug="follow-up",
            title="Does this patient need close follow-up?",
            answer_schema={"choices": ["yes", "no"]},
            instructions="Look at the record.",
            group_fields={"sex": [], "age": [40, 60]},
            floor=3,
            ceiling=3,
            gold_share=0.0,
        )
        with self.services.unit_of_work() as uow:
            project = create_project(uow, self._actor("team"), draft=draft)
            change_state(uow, self._actor("team"), project_id=project.id, state=ProjectState.OPEN)
            set_policy(
                uow,
                self._actor("officer"),
                project_id=project.id,
                draft=PolicyDraft(
                    hold_below=0.75,
                    high_stakes=(Condition(field="age", operator=Operator.AT_LEAST, value=70.0),),
                ),
            )
        return project

    def _labels(self) -> None:
        """Three annotators answer forty tasks; the third is wrong about every second one."""
        rows = [TaskRow(external_id=name, payload=case) for name, case, _sick in patients()[:40]]
        truth = {name: is_sick for name, _case, is_sick in patients()}
        with self.services.unit_of_work() as uow:
            add_rows(uow, project_id=self.project.id, rows=rows)
        for who in ("annotator", "second", "third"):
            with self.services.unit_of_work() as uow:
                for turn in range(len(rows)):
                    self._answer(uow, who, truth, is_wrong=who == "third" and turn % 2 == 0)

    def _answer(
        self, uow: UnitOfWork, who: str, truth: Mapping[str, bool], *, is_wrong: bool
    ) -> None:
        annotator_id = self.people[who].id
        leased = next_lease(uow, project_id=self.project.id, annotator_id=annotator_id)
        assert leased is not None
        submit_label(
            uow,
            annotator_id=annotator_id,
            lease_id=leased.lease_id,
            answer="yes" if truth[leased.external_id] is not is_wrong else "no",
            active_seconds=4.0,
        )

    def _outcomes(self) -> None:
        with self.services.unit_of_work() as uow:
            uow.session.add_all(
                Outcome(
                    project_id=self.project.id,
                    external_id=name,
                    answer="yes" if is_sick else "no",
                    source="after a year",
                    recorded_at=clock.now(),
                )
                for name, _case, is_sick in patients()
            )

    def _data_set(self) -> DataSet:
        rows = [
            {
                "external_id": name,
                "origin": "crowd",
                "answer": "yes" if is_sick else "no",
                "confidence": 0.9,
                "n_labels": 3,
                "posterior": [0.9, 0.1],
                **case,
            }
            for name, case, is_sick in patients()[:300]
        ]
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        about = {
            "project_id": self.project.id,
            "number": 1,
            "state": WorkState.FINISHED,
            "requested_by": self.people["team"].id,
            "created_at": clock.now(),
        }
        run = ConsensusRun(method="majority", **about)
        data_set = DataSet(
            consensus_run_id=run.id,
            n_rows=len(rows),
            digest=sha256(content).hexdigest(),
            manifest={"files": {"jsonl": {"digest": self.services.artifacts.put(content)}}},
            **about,
        )
        with self.services.unit_of_work() as uow:
            uow.session.add(run)
            uow.session.flush()
            uow.session.add(data_set)
            self._record(uow, Action.CONSENSUS_FINISHED, "consensus_run", run.id, run_result(run))
            told: JsonObject = {"digest": data_set.digest, "manifest": data_set.manifest}
            self._record(uow, Action.DATA_SET_FINISHED, "data_set", data_set.id, told)
        return data_set

    def _record(
        self, uow: UnitOfWork, action: Action, kind: str, subject_id: UUID, facts: JsonObject
    ) -> None:
        record(
            uow,
            PLATFORM,
            action,
            subject_type=kind,
            subject_id=subject_id,
            project_id=self.project.id,
            facts=facts,
        )

    def _model(self) -> tuple[Model, ModelVersion]:
        data_set = self._data_set()
        with self.services.unit_of_work() as uow:
            model = create_model(
                uow,
                self._actor("team"),
                project_id=self.project.id,
                draft=ModelDraft(name="follow-up"),
            )
        with self.services.unit_of_work() as uow:
            version = request_version(
                uow,
                self._actor("team"),
                model_id=model.id,
                data_set_id=data_set.id,
                parameters=TrainingParameters(),
            )
        governance_jobs.train_model(self.services, version.id)
        with self.services.unit_of_work() as uow:
            return model, promote_version(uow, self._actor("officer"), version_id=version.id)

    def _decide(self, model: Model) -> None:
        cases = [CaseDraft(case_ref=name, payload=case) for name, case, _ in patients()[300:360]]
        with self.services.unit_of_work() as uow:
            batch = submit_cases(uow, self._actor("team"), model_id=model.id, cases=cases)
        governance_jobs.decide_cases(self.services, batch.id)

    def _report(self, kind: ReportKind, version_id: UUID | None = None) -> UUID:
        with self.services.unit_of_work() as uow:
            report = request_report(
                uow,
                self._actor("officer"),
                kind=kind,
                project_id=self.project.id,
                model_version_id=version_id,
                definition=ReportDefinition(),
            )
        governance_jobs.run_report(self.services, report.id)
        return report.id


def patients() -> list[tuple[str, JsonObject, bool]]:
    """Return scikit-learn's 442 diabetes patients, and whether each progressed above the median."""
    bundled = load_diabetes(scaled=False)
    median = sorted(bundled.target)[len(bundled.target) // 2]
    return [
        (
            f"patient-{place:03}",
            {name: float(value) for name, value in zip(bundled.feature_names, row, strict=True)},
            bool(target > median),
        )
        for place, (row, target) in enumerate(zip(bundled.data, bundled.target, strict=True))
    ]


def services_in(folder: Path) -> Services:
    return bootstrap(Settings(data_dir=folder))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """The machine's own headless Chromium."""
    path = os.environ.get("FOLKMOOT_TEST_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("there is no Chromium; `make browser` says how to get one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def finished_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world as it is made once; tests work on copies of it."""
    services = services_in(tmp_path_factory.mktemp("world"))
    SQLModel.metadata.create_all(services.engine)
    world = Builder(services).world()
    services.engine.dispose()  # so that what was written lies in the one file
    return world


@pytest.fixture
def world(finished_world: World, tmp_path: Path) -> World:
    """A copy of the world, for one test."""
    folder = tmp_path / "data"
    shutil.copytree(finished_world.services.settings.data_dir, folder)
    return replace(finished_world, services=services_in(folder))


@pytest.fixture
def app(world: World) -> Flask:
    return create_app(world.services)


class Browser:
    """Someone's browser: it sends the form token that the page before it held."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""

    def get(self, address: str, status: int = 200) -> str:
        answer = self.client.get(address)
        assert answer.status_code == status, answer.text
        self._keep_token(answer.text)
        return answer.text

    def post(self, address: str, status: int = 303, **form: object) -> str:
        """Send a form; return where it leads, or the page that refuses it."""
        answer = self.client.post(address, data={"csrf_token": self.token, **form})
        assert answer.status_code == status, answer.text
        self._keep_token(answer.text)
        return answer.headers.get("Location", answer.text)

    def _keep_token(self, page: str) -> None:
        found = TOKEN.search(page)
        self.token = found.group(1) if found else self.token


@pytest.fixture
def browse(app: Flask, world: World) -> Callable[[str], Browser]:
    """Open a browser in which someone is signed in."""

    def open_as(name: str) -> Browser:
        with world.services.unit_of_work() as uow:
            account = uow.session.get(Account, world.people[name])
            assert account is not None
            opened = open_session(uow, account, method="password", hours=1)
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["session_id"] = str(opened.id)
        return Browser(client)

    return open_as
