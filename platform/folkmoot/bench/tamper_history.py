"""Honest histories to tamper with: reviewers act on decisions, the log is sealed and witnessed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from sqlalchemy.engine import Engine
from sqlmodel import select

from audit.actions import Action
from audit.canonical import digest
from audit.cosigning import CosignatureKind, CosigningKey
from audit.erasure import LegalBasis, erase
from audit.keys import LogKey
from audit.notes import Note
from audit.promises import promise_of
from audit.recording import record
from audit.retention import apply_retention
from audit.sealing import newest_signed, seal_log
from audit.signing_keys import SigningKey
from audit.tile_publishing import publish_log
from audit.tiles import prove_consistency_at
from audit.witness import Witness
from audit.witness_messages import AddCheckpoint
from audit.witness_store import WitnessStore
from audit.witnessing import cosigned_checkpoint, keep_cosignature
from crowd.models import ConsensusRun, DataSet
from crowd.projects import ProjectDraft, create_project
from folkmoot.bootstrap import ERASABLES
from folkmoot.identity.models import Account
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM, Actor
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.unit_of_work import UnitOfWork, reading, unit_of_work
from governance.facts import decision_facts, decision_personal
from governance.models import (
    Act,
    Decision,
    DecisionState,
    ModelVersion,
    ReasonCode,
    Report,
    ReportKind,
    VersionState,
)
from governance.policies import PolicyDraft, set_policy
from governance.registry import ModelDraft, create_model
from governance.review import review_decision, show_case

ORIGIN = "bench.example/log"
ACTS = (Act.CONFIRM, Act.OVERRIDE, Act.OVERRIDE, Act.DISREGARD)
OTHER = {"yes": "no", "no": "yes"}
REVIEWERS = 3
YEARS = 20 * 366


@dataclass
class People:
    """Who acts, and where."""

    project_id: UUID
    version_id: UUID
    reviewers: Sequence[Actor]


@dataclass
class LogWitness:
    """An honest witness in this process: it cosigns only what grew from what it saw last."""

    key: CosigningKey
    witness: Witness
    seen: int = 0

    def cosign(self, engine: Engine, log_key: LogKey) -> None:
        """Ask it to cosign the newest checkpoint; raise Refusal where the log did not just grow."""
        with reading(engine) as uow:
            newest = newest_signed(uow, log_key)
            note = cosigned_checkpoint(uow, size=newest.size) if newest else None
            if newest is None or note is None or newest.size == self.seen:
                return
            proof = prove_consistency_at(uow, old_size=self.seen, new_size=newest.size)
        signed = Note.parse(note)
        own = Note(signed.text, signed.signatures[:1]).to_text()
        line = self.witness.add_checkpoint(AddCheckpoint(self.seen, proof.path, own).to_bytes())
        (signature,) = Note.parse(f"{signed.text}\n{line}").signatures
        with unit_of_work(engine) as uow:
            keep_cosignature(uow, size=newest.size, key=self.key.public, signature=signature)
        self.seen = newest.size


@dataclass
class History:
    """A log in a database of its own, and all that is needed to go on with it."""

    engine: Engine
    folder: Path
    people: People
    log_key: LogKey
    random: Random
    witnesses: list[LogWitness] = field(default_factory=list)

    def act(self) -> tuple[UUID, str]:
        """Let a reviewer act on a held decision; return the entry's id and the promise."""
        reviewer = self.random.choice(self.people.reviewers)
        with reading(self.engine) as uow:
            held = uow.session.exec(
                select(Decision).where(Decision.state == DecisionState.HELD)
            ).all()
        decision = self.random.choice(held)
        with unit_of_work(self.engine) as uow:
            view = show_case(uow, reviewer, decision_id=decision.id).view
        act = self.random.choice(ACTS)
        with unit_of_work(self.engine) as uow:
            review = review_decision(
                uow,
                reviewer,
                decision_id=decision.id,
                case_view_id=view.id,
                act=act,
                answer=OTHER[str(decision.proposed)] if act is Act.OVERRIDE else None,
                reason_codes=() if act is Act.CONFIRM else (ReasonCode.NEW_EVIDENCE,),
                reason_text=f"Seen again: {self.random.random()}.",
            )
            entry_id = review.audit_entry_id
            promise = promise_of(uow, self.log_key, entry_id=entry_id)
        return entry_id, promise.promise

    def act_often(self, times: int) -> None:
        """Let reviewers act, and seal now and then."""
        for _ in range(times):
            self.act()
            if self.random.random() < 0.3:
                self.seal()

    def seal(self) -> None:
        """Seal all that waits."""
        with unit_of_work(self.engine) as uow:
            seal_log(uow, self.log_key)

    def witnessed(self) -> str:
        """Seal, let every witness cosign, and return the checkpoint that the auditor keeps."""
        self.seal()
        for one in self.witnesses:
            one.cosign(self.engine, self.log_key)
        with reading(self.engine) as uow:
            return cosigned_checkpoint(uow) or ""

    def erase_somebody(self) -> None:
        """Erase one of those who were decided about."""
        with reading(self.engine) as uow:
            ids = uow.session.exec(select(Decision.id)).all()
        with unit_of_work(self.engine) as uow:
            erase(
                uow,
                PLATFORM,
                person_id=self.random.choice(ids),
                legal_basis=LegalBasis.CONSENT_WITHDRAWN,
                erasables=ERASABLES,
                forget_file=lambda _digest: None,
            )

    def let_time_pass(self) -> None:
        """Let all that was recorded until now reach its date, and go."""
        with clock.moved_to(clock.now() + timedelta(days=YEARS)):
            while True:
                with unit_of_work(self.engine) as uow:
                    if apply_retention(uow, erasables=ERASABLES) is None:
                        break

    def mirror(self, folder: Path) -> None:
        """Copy the hashes of all leaves, as a monitor of the log would."""
        with reading(self.engine) as uow:
            publish_log(uow, folder=folder)

    def with_witnesses(self, count: int) -> None:
        """Let so many new witnesses watch the log from here on."""
        log = self.log_key.key.verifier
        for number in range(count):
            kind = list(CosignatureKind)[number % 2]
            key = CosigningKey.generate(f"witness-{number}.example", kind)
            store = WitnessStore(self.folder / f"witness-{new_id()}.sqlite")
            witness = Witness(keys=[key], logs=[log], store=store, now=_seconds)
            self.witnesses.append(LogWitness(key, witness))


def begin_history(engine: Engine, folder: Path, *, seed: int, decisions: int) -> History:
    """Make a project with held decisions and a report, and some first acts."""
    key = LogKey(ORIGIN, SigningKey.generate(ORIGIN))
    people = _people(engine)
    history = History(engine, folder, people, key, Random(seed))  # noqa: S311  # a simulation
    with unit_of_work(engine) as uow:
        for number in range(decisions):
            _held_decision(uow, people, number, history.random)
    with unit_of_work(engine) as uow:
        _report(uow, people)
    history.act_often(decisions // 3)
    history.seal()
    return history


def _seconds() -> int:
    return int(clock.now().timestamp())


def _people(engine: Engine) -> People:
    names = ["Team", *(f"Reviewer {number}" for number in range(REVIEWERS))]
    accounts = [
        Account(email=f"{new_id()}@bench.example", display_name=name, created_at=clock.now())
        for name in names
    ]
    team, *reviewers = (Actor(one.id, one.display_name) for one in accounts)
    with unit_of_work(engine) as uow:
        uow.session.add_all(accounts)
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
        "state": WorkState.FINISHED,
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
        state=VersionState.ACTIVE,
        data_set_id=data_set.id,
        parameters={},
        requested_by=team.id,
        created_at=clock.now(),
    )
    uow.session.add(version)
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
