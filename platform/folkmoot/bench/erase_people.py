"""People with texts everywhere: accounts that label, and cases that are labelled and decided.

Everything is made by the services that make it in earnest: an imported file of tasks, labels with
notes, a consensus, a data set, a model, decisions, reviews with reasons, and a report.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from crowd.consensus_runs import request_consensus
from crowd.data_sets import request_data_set
from crowd.importing import request_import
from crowd.labelling import submit_label
from crowd.leasing import next_lease
from crowd.models import Outcome, Project, ProjectState
from crowd.projects import ProjectDraft, change_state, create_project
from folkmoot.bootstrap import Services
from folkmoot.identity.accounts import AccountDraft, create_account
from folkmoot.identity.permissions import Role
from folkmoot.identity.sign_in import record_refusal
from folkmoot.jobs import crowd_jobs, governance_jobs
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM, Actor
from governance.decisions import CaseDraft, submit_cases
from governance.models import Act, Decision, ReasonCode, ReportKind
from governance.policies import PolicyDraft, set_policy
from governance.registry import (
    ModelDraft,
    TrainingParameters,
    create_model,
    promote_version,
    request_version,
)
from governance.reporting import ReportDefinition, request_report
from governance.review import review_decision, show_case


@dataclass(frozen=True)
class Subject:
    """One person: what they are called, as a case and as an account, and what is said of them."""

    number: int
    mark: str
    account: Actor

    @property
    def case(self) -> str:
        """Return what a project calls them."""
        return f"case-{self.mark}"

    @property
    def texts(self) -> dict[str, str]:
        """Return every text of theirs, by what it is."""
        return {
            "email": f"{self.mark}@people.example",
            "display_name": f"Person {self.mark}",
            "case": self.case,
            "story": f"Story of {self.mark}",
            "note": f"Note by {self.mark}",
            "reason": f"The story of {self.mark} was read wrongly.",
        }


@dataclass(frozen=True)
class People:
    """Who is to be erased, and what was made of what they are and did."""

    subjects: Sequence[Subject]
    project_id: UUID
    decisions: dict[str, UUID]
    report_id: UUID


class Maker:
    """Makes people and their traces in an empty database."""

    def __init__(self, services: Services, *, n_subjects: int) -> None:
        self.services = services
        self.team = self._account("team", Role.TEAM)
        self.second = self._account("second", Role.TEAM)
        self.officer = self._account("officer", Role.OFFICER)
        self.reviewer = self._account("reviewer", Role.REVIEWER)
        self.subjects = [self._subject(number) for number in range(n_subjects)]

    def make(self) -> People:
        """Make all of it."""
        project = self._project()
        self._import(project)
        self._label(project)
        data_set_id = self._data_set(project)
        self._decide(project, data_set_id)
        decisions = self._review()
        return People(self.subjects, project.id, decisions, self._report(project))

    def _account(self, name: str, role: Role, *, shown: str | None = None) -> Actor:
        address = name if "@" in name else f"{name}@bench.example"
        draft = AccountDraft(email=address, display_name=shown or name.title(), roles={role})
        with self.services.unit_of_work() as uow:
            account = create_account(uow, PLATFORM, draft=draft)
        return Actor(account.id, account.display_name)

    def _subject(self, number: int) -> Subject:
        mark = secrets.token_hex(8)
        address = f"{mark}@people.example"
        account = self._account(address, Role.ANNOTATOR, shown=f"Person {mark}")
        with self.services.unit_of_work() as uow:
            record_refusal(
                uow,
                account_id=account.id,
                method="password",
                reason="wrong_password",
                email=address,
            )
        return Subject(number, mark, account)

    def _project(self) -> Project:
        draft = ProjectDraft.model_validate(
            {
                "slug": "erased",
                "title": "Close follow-up?",
                "answer_schema": {"choices": ["yes", "no"]},
                "instructions": "Look at the record.",
                "group_fields": {"sex": []},
                "floor": 1,
                "ceiling": 1,
                "gold_share": 0.0,
            }
        )
        with self.services.unit_of_work() as uow:
            project = create_project(uow, self.team, draft=draft)
            return change_state(uow, self.team, project_id=project.id, state=ProjectState.OPEN)

    def _payload(self, subject: Subject) -> dict[str, str | int]:
        is_even = subject.number % 2 == 0
        return {
            "story": subject.texts["story"],
            "sex": "female" if subject.number % 4 < 2 else "male",
            "age": 30 + subject.number % 50,
            "pressure": 150 if is_even else 110 + subject.number % 7,
        }

    def _import(self, project: Project) -> None:
        lines = (
            json.dumps({"external_id": one.case, **self._payload(one)}) + "\n"
            for one in self.subjects
        )
        chunks = (line.encode() for line in lines)
        with (
            self.services.artifacts.receive(chunks) as file,
            self.services.unit_of_work() as uow,
        ):
            wanted = request_import(
                uow, self.team, project_id=project.id, file_name="cases.jsonl", file=file
            )
        crowd_jobs.import_tasks(self.services, wanted.id)
        with self.services.unit_of_work() as uow:
            uow.session.add_all(
                Outcome(
                    project_id=project.id,
                    external_id=one.case,
                    answer=_answer(one),
                    source="after a year",
                    recorded_at=clock.now(),
                )
                for one in self.subjects
            )

    def _label(self, project: Project) -> None:
        cases = {one.case: one for one in self.subjects}
        for subject in self.subjects:
            with self.services.unit_of_work() as uow:
                leased = next_lease(uow, project_id=project.id, annotator_id=subject.account.id)
            if leased is None:
                raise RuntimeError("there is a task for everybody")
            with self.services.unit_of_work() as uow:
                submit_label(
                    uow,
                    annotator_id=subject.account.id,
                    lease_id=leased.lease_id,
                    answer=_answer(cases[leased.external_id]),
                    active_seconds=4.0,
                    note=subject.texts["note"],
                )

    def _data_set(self, project: Project) -> UUID:
        with self.services.unit_of_work() as uow:
            run = request_consensus(uow, self.team, project_id=project.id)
        crowd_jobs.fit_consensus(self.services, run.id)
        with self.services.unit_of_work() as uow:
            data_set = request_data_set(uow, self.team, project_id=project.id)
        crowd_jobs.export_data_set(self.services, data_set.id)
        return data_set.id

    def _decide(self, project: Project, data_set_id: UUID) -> None:
        with self.services.unit_of_work() as uow:
            set_policy(uow, self.officer, project_id=project.id, draft=PolicyDraft(hold_below=1.0))
            model = create_model(
                uow, self.team, project_id=project.id, draft=ModelDraft(name="follow-up")
            )
        with self.services.unit_of_work() as uow:
            version = request_version(
                uow,
                self.team,
                model_id=model.id,
                data_set_id=data_set_id,
                parameters=TrainingParameters(),
            )
        governance_jobs.train_model(self.services, version.id)
        with self.services.unit_of_work() as uow:
            promote_version(uow, self.second, version_id=version.id)
        cases = [
            CaseDraft.model_validate({"case_ref": one.case, "payload": self._payload(one)})
            for one in self.subjects
        ]
        with self.services.unit_of_work() as uow:
            batch = submit_cases(uow, self.team, model_id=model.id, cases=cases)
        governance_jobs.decide_cases(self.services, batch.id)

    def _review(self) -> dict[str, UUID]:
        with self.services.reading() as uow:
            decisions = uow.session.exec(select(Decision).order_by(col(Decision.id))).all()
        by_case = {one.case: one for one in self.subjects}
        for decision in decisions:
            with self.services.unit_of_work() as uow:
                view = show_case(uow, self.reviewer, decision_id=decision.id).view
            with self.services.unit_of_work() as uow:
                review_decision(
                    uow,
                    self.reviewer,
                    decision_id=decision.id,
                    case_view_id=view.id,
                    act=Act.OVERRIDE,
                    answer={"yes": "no", "no": "yes"}[str(decision.proposed)],
                    reason_codes=[ReasonCode.MODEL_MISREAD_CASE],
                    reason_text=by_case[decision.case_ref].texts["reason"],
                )
        return {decision.case_ref: decision.id for decision in decisions}

    def _report(self, project: Project) -> UUID:
        with self.services.unit_of_work() as uow:
            report = request_report(
                uow,
                self.team,
                kind=ReportKind.ANNOTATOR_FAIRNESS,
                project_id=project.id,
                definition=ReportDefinition(),
            )
        governance_jobs.run_report(self.services, report.id)
        return report.id


def _answer(subject: Subject) -> str:
    return "yes" if subject.number % 2 == 0 else "no"
