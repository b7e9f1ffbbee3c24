"""One story in which every route that changes something is called once with success."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from typing import Any
from unittest.mock import patch
from uuid import UUID

from flask import Flask
from sqlmodel import col, select

from audit.actions import Action
from audit.erasure_requests import open_requests
from audit.models import Entry
from crowd.models import AnnotatorRecord, Pattern, Project, TaskImport, WatchAction
from crowd.suspicions import raise_suspicion
from folkmoot.api import OPERATIONS
from folkmoot.api.operations import Operation
from folkmoot.bootstrap import Services
from folkmoot.identity.permissions import Role
from folkmoot.jobs.audit_jobs import seal
from folkmoot.jobs.sweep import sweep
from folkmoot.kernel import clock

from ..api.conftest import PROJECT, Person, make_person, run_due_jobs
from ..api.story import (
    PATIENTS,
    POLICY,
    finished_data_set,
    finished_run,
    label_everything,
    patients_csv,
    payload_of,
    truth_of,
)
from ..web.conftest import Browser

GOLD = "external_id,text,gold\n" + "".join(f"g{n},Picture,yes\n" for n in range(8))
PLAIN = "external_id,text\n" + "".join(f"t{n},Picture {n}\n" for n in range(30))
REASON = "Agreed with the works council for a pilot."
ROLES = {
    "admin": Role.ADMIN,
    "team": Role.TEAM,
    "officer": Role.OFFICER,
    "reviewer": Role.REVIEWER,
    "annotator": Role.ANNOTATOR,
    "second": Role.ANNOTATOR,
    "third": Role.ANNOTATOR,
}


class Story:
    """Calls routes, and notes which entries each one left."""

    def __init__(self, app: Flask, services: Services) -> None:
        self.app = app
        self.services = services
        self.left: dict[str, set[Action]] = {}
        self.json: Any = None
        self.cats = self.poor = self.patients = self.data_set = self.model = ""
        self.operations: dict[str, Operation] = {one.name: one for one in OPERATIONS}
        self.people = {
            name: make_person(app, services, role, name=name) for name, role in ROLES.items()
        }
        self.browsers = {name: Browser(app.test_client()) for name in ROLES}

    def api(self, name: str, who: str, body: Any = None, *, sent: Any = None, **parts: Any) -> Any:
        """Call an operation of the API; the rest of its address comes as `parts`."""
        operation = self.operations[name]
        path = operation.path
        for part, value in parts.items():
            kind = "<uuid:" if f"<uuid:{part}>" in path else "<"
            path = path.replace(f"{kind}{part}>", str(value))
        person: Person = self.people[who]
        with self._noting(name):
            answer = person.call(operation.method, path, json=body, **(sent or {}))
            assert answer.status_code < 300, f"{name}: {answer.text}"
        return answer.get_json() if answer.data else None

    def page(self, endpoint: str, who: str, *, sent: Any = None, **parts: Any) -> str:
        """Send a form, or what a script sends, to a page; return where it leads."""
        with self.app.test_request_context():
            address = self.app.url_for(endpoint, **parts)
        browser = self.browsers[who]
        headers = {"X-CSRFToken": browser.token}
        with self._noting(endpoint):
            answer = browser.client.post(address, headers=headers, **(sent or {}))
            assert answer.status_code < 400, f"{endpoint}: {answer.text}"
        self.json = answer.get_json(silent=True)
        return str(answer.headers.get("Location", ""))

    def run_jobs(self) -> None:
        run_due_jobs(self.services)

    def suspicion(self, project_id: str, who: str) -> UUID:
        with self.services.unit_of_work() as uow:
            raised = raise_suspicion(
                uow,
                project_id=UUID(project_id),
                annotator_id=self.people[who].account_id,
                pattern=Pattern.TOO_FAST,
                action=WatchAction.WARN,
                evidence={"run": 10, "seconds": 1.0},
            )
        return raised.suspicion_id

    @contextmanager
    def _noting(self, name: str) -> Iterator[None]:
        before = self._entries()
        yield
        left = {action for entry, action in self._entries().items() if entry not in before}
        self.left[name] = left

    def _entries(self) -> dict[UUID, Action]:
        with self.services.reading() as uow:
            return dict(uow.session.exec(select(Entry.id, Entry.action)).all())


def tell(story: Story) -> None:
    """Call everything once."""
    accounts(story)
    projects(story)
    labels(story)
    quality(story)
    pay(story)
    models(story)
    pages(story)
    people(story)


def accounts(story: Story) -> None:
    body = {"email": "machine@example.org", "display_name": "Ward", "roles": ["team"]}
    machine = story.api("create_account", "admin", body)["id"]
    story.api("set_roles", "admin", {"roles": ["team", "annotator"]}, account_id=machine)
    ends = clock.now() + timedelta(days=1)
    token = {
        "account_id": str(story.people["team"].account_id),
        "name": "script",
        "scopes": ["projects:manage"],
        "expires_at": ends.isoformat(),
    }
    made = story.api("issue_token", "team", token)
    story.api("revoke_token", "team", token_id=made["id"])
    client_body = {"account_id": machine, "name": "pipeline", "scopes": ["projects:manage"]}
    client = story.api("register_client", "admin", client_body)
    fetch = {
        "data": {"grant_type": "client_credentials"},
        "auth": (client["client_id"], client["secret"]),
    }
    story.page("oauth.token", "admin", sent=fetch)
    story.api("revoke_client", "admin", client_id=client["id"])
    story.browsers["admin"].get("/sign-in")
    sign_in(story, "third")
    story.api("end_sessions", "admin", account_id=story.people["third"].account_id)
    story.api("close_account", "admin", account_id=machine)


def sign_in(story: Story, who: str) -> None:
    browser = story.browsers[who]
    browser.get("/sign-in")
    form = {"email": f"{who}@example.org", "password": "correct horse battery"}
    story.page("pages.sign_in", who, sent={"data": form})
    browser.get("/me" if ROLES[who] is Role.ANNOTATOR else "/")


def projects(story: Story) -> None:
    rules = {**PROJECT, "ceiling": 1, "gold_share": 0.5, "revision_seconds": 900}
    cats = story.api("create_project", "team", rules)["id"]
    story.cats = cats
    story.api("change_project", "team", {"title": "Is there really a cat?"}, project_id=cats)
    story.api("set_instructions", "team", {"text": "Look twice."}, project_id=cats)
    for content in (GOLD, PLAIN):
        sent = {
            "data": content.encode(),
            "content_type": "text/csv",
            "query_string": {"file_name": "tasks.csv"},
        }
        story.api("import_tasks", "team", project_id=cats, sent=sent)
    story.run_jobs()
    again = story.api("import_tasks", "team", project_id=cats, sent=sent)
    story.api("cancel_import", "team", import_id=again["id"])
    story.api("set_project_state", "team", {"state": "open"}, project_id=cats)
    story.api("set_priorities", "team", {"priorities": {"t3": 5}}, project_id=cats)
    rows = [{"external_id": "t3", "answer": "yes"}]
    story.api("import_outcomes", "team", {"source": "seen", "rows": rows}, project_id=cats)


def labels(story: Story) -> None:
    cats = story.cats
    with patch("secrets.randbelow", lambda _sides: 1):  # no gold
        story.api("set_preferences", "annotator", {"accepted_flags": ["hate"]})
        held = [
            story.api("lease_next_task", "annotator", project_id=cats)["lease"]["lease_id"]
            for _ in range(3)
        ]
        story.api("renew_lease", "annotator", {}, lease_id=held[0])
        story.api("beat", "annotator", {"lease_ids": held, "is_active": True})
        story.api("skip_task", "annotator", {"reason": "unclear"}, lease_id=held[0])
        story.api("release_lease", "annotator", lease_id=held[1])
        body = {"lease_id": held[2], "answer": "yes", "active_seconds": 3}
        label = story.api("submit_label", "annotator", body, project_id=cats)["label"]
    story.api("revise_label", "annotator", {"answer": "no"}, label_id=label["id"])


def wrong_label(story: Story, who: str, answer: str = "no") -> str:
    """Answer a task of known answer wrongly, and return the label's id."""
    person, path = story.people[who], f"/projects/{story.cats}"
    with patch("secrets.randbelow", lambda _sides: 0):
        lease = person.post(f"{path}/leases").get_json()["lease"]
    body = {"lease_id": lease["lease_id"], "answer": answer, "active_seconds": 3}
    return str(person.post(f"{path}/labels", body).get_json()["label"]["id"])


def quality(story: Story) -> None:
    label = wrong_label(story, "second")
    appeal = story.api("open_appeal", "second", {"reason": "There is none."}, label_id=label)
    decision = {"outcome": "upheld", "reason": "I see none either.", "gold_after": "no"}
    story.api("decide_appeal", "reviewer", decision, appeal_id=appeal["id"])
    raised = story.suspicion(story.cats, "second")
    said = {"objection": "They were the same picture."}
    story.api("object_to_suspicion", "second", said, suspicion_id=raised)
    settled = {"outcome": "cleared", "note": "They were."}
    story.api("settle_suspicion", "team", settled, suspicion_id=raised)


def pay(story: Story) -> None:
    story.api("export_payments", "team", {})
    story.poor = underpaid(story, "poor")
    story.api("make_pay_exception", "officer", {"reason": REASON}, project_id=story.poor)


def underpaid(story: Story, slug: str) -> str:
    """A project at 6 euros an hour where 10 were promised, as the sweep finds it."""
    rules = {**PROJECT, "slug": slug, "pay_floor_minor": 1000}
    project_id = story.people["team"].post("/projects", rules).get_json()["id"]
    team = story.people["team"]
    sent = {"data": PLAIN.encode(), "content_type": "text/csv"}
    team.post(f"/projects/{project_id}/imports?file_name=t.csv", **sent)
    story.run_jobs()
    team.put(f"/projects/{project_id}/state", {"state": "open"})
    with story.services.unit_of_work() as uow:
        uow.session.add(
            AnnotatorRecord(
                project_id=UUID(project_id),
                annotator_id=story.people["annotator"].account_id,
                n_labels=20,
                active_seconds=20 * 30.0,
            )
        )
        project = uow.session.exec(select(Project).where(col(Project.slug) == slug)).one()
        assert project.pay_minor == PROJECT["pay_minor"]
    sweep(story.services)
    return str(project_id)


def models(story: Story) -> None:
    team = story.people["team"]
    rules = {"slug": "patients", "floor": 1, "ceiling": 1, "group_fields": {"sex": []}}
    story.patients = team.post("/projects", {**PROJECT, **rules}).get_json()["id"]
    path = f"/projects/{story.patients}"
    sent = {"data": patients_csv(range(PATIENTS)), "content_type": "text/csv"}
    team.post(f"{path}/imports?file_name=p.csv", **sent)
    story.run_jobs()
    rows = [{"external_id": f"p{n}", "answer": truth_of(n)} for n in range(PATIENTS)]
    team.post(f"{path}/outcomes", {"source": "a year later", "rows": rows})
    team.put(f"{path}/state", {"state": "open"})
    label_everything(story.people["annotator"], story.patients)
    run = {"method": "majority"}
    story.api("ask_again", "team", {"external_ids": ["p0"]}, project_id=story.patients)
    unwanted = story.api("start_consensus_run", "team", run, project_id=story.patients)
    story.api("cancel_consensus_run", "team", run_id=unwanted["id"])
    finished_run(team, story.run_jobs, story.patients)
    story.api("create_data_set", "team", {}, project_id=story.patients)
    story.run_jobs()
    story.data_set = finished_data_set(team, story.run_jobs, story.patients)["id"]
    story.api("set_policy", "officer", {**POLICY, "hold_below": 1.0}, project_id=story.patients)
    model = story.api("create_model", "team", {"name": "M"}, project_id=story.patients)["id"]
    parameters = {"held_out_share": 0.4, "seed": 7}
    training = {"data_set_id": story.data_set, "parameters": parameters}
    version = story.api("train_version", "team", training, model_id=model)["id"]
    story.run_jobs()
    story.api("promote_version", "officer", version_id=version)
    cases = [{"case_ref": f"c{n}", "payload": payload_of(n)} for n in range(6)]
    story.api("submit_cases", "team", {"cases": cases}, model_id=model)
    story.run_jobs()
    decision = story.api("claim_next_case", "reviewer")["decision"]
    view = story.api("show_case", "reviewer", decision_id=decision["id"])
    act = {"case_view_id": view["case_view_id"], "act": "confirm"}
    story.api("review_decision", "reviewer", act, decision_id=decision["id"])
    report = {"kind": "annotator_fairness", "definition": {"smallest_group": 5}}
    story.api("run_report", "officer", report, project_id=story.patients)
    story.api("verify_log", "officer")
    story.run_jobs()
    story.model = model


def pages(story: Story) -> None:
    for who in ROLES:
        sign_in(story, who)
    desk(story)
    own_pages(story)
    team_pages(story)
    model_pages(story)
    review_pages(story)
    log_pages(story)
    story.page("pages.sign_out", "second")


def desk(story: Story) -> None:
    def at(call: str, **body: Any) -> str:
        return story.page(f"annotator.{call}", "second", slug="cats", sent={"json": body})

    person = story.people["second"]
    with patch("secrets.randbelow", lambda _sides: 1):
        at("next_task", hold=[])
        held = [
            person.post(f"/projects/{story.cats}/leases").get_json()["lease"]["lease_id"]
            for _ in range(2)
        ]
        at("beat", lease_ids=held, is_active=True)
        at("skip", lease_id=held[0], reason="unclear")
        at("answers", lease_id=held[1], answer="yes", active_seconds=4)
        kept = story.json["label"]["id"]
        lease = person.post(f"/projects/{story.cats}/leases").get_json()["lease"]["lease_id"]
        at("release", lease_ids=[lease])
    at("undo", label_id=kept)
    at("changes", label_id=kept, answer="no", idempotency_key="0" * 32)


def own_pages(story: Story) -> None:
    label = wrong_label(story, "third", "yes")  # the known answer was corrected above
    form = {"label_id": label, "reason": "There is none."}
    story.page("annotator.appeal", "third", sent={"data": form})
    raised = story.suspicion(story.cats, "third")
    form = {"suspicion_id": str(raised), "objection": "They were the same."}
    story.page("annotator.objection", "third", sent={"data": form})
    form = {"outcome": "cleared", "note": "They were."}
    story.page("team.settle", "team", slug="cats", suspicion_id=raised, sent={"data": form})
    # The reviewer has corrected this known answer, so somebody else decides.
    open_ones = story.people["reviewer"].get("/appeals?state=open").get_json()["items"]
    form = {"choice": "reject", "reason": "The cat is behind the door."}
    story.page("team.decide", "team", appeal_id=open_ones[0]["id"], sent={"data": form})
    story.page("annotator.preferences", "third", sent={"data": {"flags": ["medical"]}})
    flags = {"content_flags": ["violence"]}
    story.people["team"].call("PATCH", f"/projects/{story.patients}", json=flags)
    story.page("annotator.opt_in", "third", slug="patients")


def team_pages(story: Story) -> None:
    def at(endpoint: str, /, who: str = "team", sent: Any = None, **form: Any) -> str:
        parts = {"slug": form.pop("slug", "cats")} if form.pop("has_slug", True) else {}
        parts |= {name: form.pop(name) for name in ("run_id", "import_id") if name in form}
        return story.page(endpoint, who, sent=sent or {"data": form}, **parts)

    file = {"file": (BytesIO(PLAIN.encode()), "more.csv")}
    at("team.import_tasks", sent={"data": file, "content_type": "multipart/form-data"})
    with story.services.reading() as uow:
        newest = select(TaskImport).order_by(col(TaskImport.id).desc())
        import_id = uow.session.exec(newest).all()[0].id
    at("team.break_off_import", import_id=import_id)
    at("team.set_state", state="paused")
    at("team.set_state", state="open")
    at("team.run_consensus", method="majority")
    runs = story.people["team"].get(f"/projects/{story.cats}/consensus-runs").get_json()["items"]
    at("team.cancel_consensus", run_id=runs[0]["id"])
    at("team.run_consensus", method="majority")
    story.run_jobs()
    at("team.export")
    at("team.rewrite_instructions", instructions="Look three times.")
    typed = {"title": "Dogs", "slug": "dogs", "question": "A dog?", "choices": "yes\nno"}
    at("team.make_project", has_slug=False, **typed, instructions="Look for a dog.")
    at("team.change_settings", title="Cats", floor="1", ceiling="2")
    underpaid(story, "poorer")
    at("team.allow_pay", who="officer", slug="poorer", reason=REASON)
    at("team.write_payments", has_slug=False)


def model_pages(story: Story) -> None:
    form = {"name": "second look", "data_set_id": story.data_set}
    story.page("team.new_model", "team", sent={"data": form})
    form = {"data_set_id": story.data_set}
    story.page("team.train", "team", model_id=story.model, sent={"data": form})
    story.run_jobs()
    story.page("team.promote", "officer", model_id=story.model, number=2)
    form = {"subject": f"annotator_fairness:{story.patients}"}
    story.page("officer.start_report", "officer", sent={"data": form})
    story.page("officer.verify", "officer")


def review_pages(story: Story) -> None:
    reviewer = story.people["reviewer"]
    decision = reviewer.post("/reviews/next").get_json()["decision"]["id"]
    story.page("reviewer.give_back", "reviewer", decision_id=decision)
    decision = reviewer.post("/reviews/next").get_json()["decision"]["id"]
    view = reviewer.post(f"/decisions/{decision}/views").get_json()["case_view_id"]
    form = {"act": "disregard", "view_id": view, "reason_text": REASON}
    form["reason_codes"] = "new_evidence"
    story.page("reviewer.decide", "reviewer", decision_id=decision, sent={"data": form})


def log_pages(story: Story) -> None:
    story.page("officer.reconcile", "officer")
    seal(story.services)
    with story.services.reading() as uow:
        of_act = select(Entry.id).where(col(Entry.action) == Action.REVIEW_DISREGARDED)
        entry_id = uow.session.exec(of_act).first()
    story.page("officer.show_texts", "officer", entry_id=entry_id)
    form = {"fields": "reason_text"}
    story.page("officer.disclosing_receipt", "officer", entry_id=entry_id, sent={"data": form})


def people(story: Story) -> None:
    third = str(story.people["third"].account_id)
    hold = story.api("set_hold", "officer", {"reason": REASON, "person_id": third})
    story.api("release_hold", "officer", hold_id=hold["id"])
    periods = {"entry_days": 2000, "text_days": 400}
    story.api("set_retention", "officer", periods, record_class="sign_ins")
    story.page("annotator.ask_to_be_erased", "third")
    form = {"reason": "Your payments of this year are kept by law."}
    story.page("officer.refuse_request", "officer", request_id=wish(story), sent={"data": form})
    story.page("annotator.ask_to_be_erased", "third")
    form = {"legal_basis": "consent_withdrawn"}
    story.page("officer.grant_erasure", "officer", request_id=wish(story), sent={"data": form})
    second = str(story.people["second"].account_id)
    story.api("erase_person", "officer", form, person_id=second)


def wish(story: Story) -> UUID:
    """Return the one request to be erased that waits for an officer."""
    with story.services.reading() as uow:
        (asked,) = open_requests(uow)
    return asked.id
