"""The beginning of a history to tamper with: people, a model, held decisions, a report."""

from pathlib import Path
from random import Random
from uuid import UUID

from sqlalchemy.engine import Engine

from audit.actions import Action
from audit.canonical import digest
from audit.keys import LogKey
from audit.recording import record
from audit.signing_keys import SigningKey
from crowd.models import ConsensusRun, DataSet
from crowd.projects import ProjectDraft, create_project
from folkmoot.bench.tamper_history import History, People
from folkmoot.identity.accounts import AccountDraft, create_account
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM, Actor
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.unit_of_work import UnitOfWork, unit_of_work
from governance.facts import decision_facts, decision_personal
from governance.models import (
    Act,
    Decision,
    DecisionState,
    ModelVersion,
    Report,
    ReportKind,
    VersionState,
)
from governance.policies import PolicyDraft, set_policy
from governance.registry import ModelDraft, create_model

ORIGIN = "bench.example/log"
REVIEWERS = 3
ACTS = 3


def begin_history(engine: Engine, folder: Path, *, dice: Random, decisions: int) -> History:
    """Make a project with held decisions and a report, and some first acts."""
    key = LogKey(ORIGIN, SigningKey.generate(ORIGIN))
    people = _people(engine)
    history = History(engine, folder, people, key, dice)
    with unit_of_work(engine) as uow:
        for number in range(decisions):
            _held_decision(uow, people, number, history.random)
    with unit_of_work(engine) as uow:
        _report(uow, people)
    history.act(Act.OVERRIDE)  # so that there is an answer to be tampered with
    history.act_often(ACTS)
    history.seal()
    return history


def _people(engine: Engine) -> People:
    names = ["Team", *(f"Reviewer {number}" for number in range(REVIEWERS))]
    with unit_of_work(engine) as uow:
        accounts = [
            create_account(
                uow,
                PLATFORM,
                draft=AccountDraft(email=f"{new_id()}@bench.example", display_name=name),
            )
            for name in names
        ]
    team, *reviewers = (Actor(one.id, one.display_name) for one in accounts)
    draft = ProjectDraft(
        slug=f"p-{new_id().hex}",
        title="Follow up?",
        answer_schema={"choices": ["yes", "no"]},
        instructions="Look at the record.",
    )
    with unit_of_work(engine) as uow:
        project = create_project(uow, team, draft=draft)
        set_policy(uow, team, project_id=project.id, draft=PolicyDraft(hold_below=1))
        version = _version(uow, team, project.id)
    return People(project.id, version, reviewers)


def _version(uow: UnitOfWork, team: Actor, project_id: UUID) -> UUID:
    made: dict[str, object] = {
        "project_id": project_id,
        "number": 1,
        "state": WorkState.REQUESTED,
        "requested_by": team.id,
        "created_at": clock.now(),
    }
    run = ConsensusRun.model_validate({**made, "method": "majority"})
    uow.session.add(run)
    uow.session.flush()
    data_set = DataSet.model_validate({**made, "consensus_run_id": run.id})
    uow.session.add(data_set)
    model = create_model(uow, team, project_id=project_id, draft=ModelDraft(name="bench"))
    uow.session.flush()
    version = ModelVersion(
        model_id=model.id,
        number=1,
        state=VersionState.TRAINING,
        data_set_id=data_set.id,
        parameters={},
        requested_by=team.id,
        created_at=clock.now(),
    )
    uow.session.add(version)
    record(
        uow,
        team,
        Action.MODEL_VERSION_REQUESTED,
        subject_type="model_version",
        subject_id=version.id,
        project_id=project_id,
        facts={"model": str(model.id), "number": 1, "data_set_digest": "", "parameters": {}},
    )
    return version.id


def _held_decision(uow: UnitOfWork, people: People, number: int, dice: Random) -> None:
    decision = Decision(
        id=new_id(),
        project_id=people.project_id,
        model_version_id=people.version_id,
        policy_version=1,
        case_ref=f"case-{number}",
        payload={"age": dice.randint(18, 90)},
        proposed=dice.choice(["yes", "no"]),
        probability=round(dice.uniform(0.5, 1), 6),
        explanation=[],
        is_high_stakes=False,
        hold_reason="The policy holds every case.",
        audit_entry_id=new_id(),
        state=DecisionState.HELD,
        created_at=clock.now(),
    )
    decision.audit_entry_id = record(
        uow,
        PLATFORM,
        Action.DECISION_HELD,
        subject_type="decision",
        subject_id=decision.id,
        project_id=decision.project_id,
        facts=decision_facts(decision),
        personal=decision_personal(decision),
    ).id
    uow.session.add(decision)


def _report(uow: UnitOfWork, people: People) -> None:
    result: JsonObject = {"groups": [{"name": "a", "n": 40}, {"name": "b", "n": 38}]}
    content: JsonObject = {"definition": {"positive": "yes"}, "result": result}
    report = Report(
        project_id=people.project_id,
        kind=ReportKind.ANNOTATOR_FAIRNESS,
        definition={"positive": "yes"},
        state=WorkState.FINISHED,
        result=result,
        digest=digest(content),
        requested_by=people.reviewers[0].id,
        created_at=clock.now(),
        finished_at=clock.now(),
    )
    uow.session.add(report)
    record(
        uow,
        PLATFORM,
        Action.REPORT_FINISHED,
        subject_type="report",
        subject_id=report.id,
        project_id=report.project_id,
        facts={"kind": report.kind.value, "digest": report.digest, "log_size": report.log_size},
    )
