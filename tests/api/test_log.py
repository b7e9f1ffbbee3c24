"""The audit log over HTTP: what is recorded, and receipts that hold without us."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from audit.commitments import CommitmentMismatch, verify
from audit.merkle import InclusionProof, InvalidProof, leaf_hash, verify_inclusion
from audit.notes import UnverifiedNote, open_checkpoint
from audit.signing_keys import SigningKey, VerifierKey, from_base64
from folkmoot.identity.permissions import Role

from .conftest import PROJECT, Person
from .story import made
from .test_calling import refused

RunJobs = Callable[[], None]


@pytest.fixture
def project_id(team: Person) -> str:
    return str(made(team.post("/projects", PROJECT))["id"])


def entries(officer: Person, **query: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made(officer.get("/log/entries", query_string=query), 200)[
        "items"
    ]
    return found


def receipt_of(officer: Person, entry: dict[str, Any]) -> dict[str, Any]:
    answer = made(officer.get(f"/log/entries/{entry['id']}/receipt"), 200)
    receipt: dict[str, Any] = answer["receipt"]
    return receipt


def check_offline(receipt: dict[str, Any], verifier: str, *, envelope: str) -> None:
    """Verify a receipt with nothing but the public key."""
    key = VerifierKey.parse(verifier)
    checkpoint = open_checkpoint(receipt["checkpoint"], [key], origin=key.name)
    path = tuple(from_base64(one) for one in receipt["inclusion"])
    proof = InclusionProof(receipt["leaf_index"], checkpoint.size, path)
    verify_inclusion(proof, leaf=leaf_hash(envelope.encode()), root=checkpoint.root)


def test_what_was_done_is_recorded_with_who_did_it(
    team: Person, officer: Person, project_id: str
) -> None:
    (entry,) = entries(officer, action="project.created")
    assert entry["actor_id"] == str(team.account_id)
    assert entry["subject_id"] == entry["project_id"] == project_id
    assert entry["leaf_index"] is None


def test_entries_are_found_by_each_filter(team: Person, officer: Person, project_id: str) -> None:
    made(team.put(f"/projects/{project_id}/state", {"state": "open"}), 200)
    assert len(entries(officer, project_id=project_id)) == 2
    assert len(entries(officer, subject_id=project_id, action="project.state_changed")) == 1
    assert len(entries(officer, actor_id=str(team.account_id))) == 2
    assert entries(officer, actor_id=str(uuid4())) == []


@pytest.mark.parametrize(
    "query", ["action=nothing", "actor_id=me", "limit=0", "limit=201", "limit=many", "cursor=x"]
)
def test_a_filter_that_makes_no_sense_is_refused(query: str, officer: Person) -> None:
    problem = refused(officer.get(f"/log/entries?{query}"), 422)
    assert problem["fields"][0]["pointer"] == f"/{query.partition('=')[0]}"


def test_nothing_is_recorded_of_what_was_refused(team: Person, officer: Person) -> None:
    before = len(entries(officer))
    refused(team.post("/projects", {**PROJECT, "floor": 0}), 422)
    assert len(entries(officer)) == before


def test_an_entry_that_is_not_sealed_has_no_receipt_yet(officer: Person, project_id: str) -> None:
    (entry,) = entries(officer, action="project.created")
    refused(officer.get(f"/log/entries/{entry['id']}/receipt"), 409)
    refused(officer.get(f"/log/entries/{uuid4()}/receipt"), 404)


def test_a_receipt_proves_its_entry_offline_and_nothing_else(
    officer: Person, project_id: str, run_jobs: RunJobs
) -> None:
    run_jobs()
    (entry,) = entries(officer, action="project.created")
    receipt = receipt_of(officer, entry)
    verifier = made(officer.get("/log/health"), 200)["verifier"]
    check_offline(receipt, verifier, envelope=receipt["envelope"])
    facts = json.loads(receipt["envelope"])["facts"]
    assert facts["slug"] == PROJECT["slug"]

    forged = receipt["envelope"].replace(PROJECT["slug"], "dogs")
    with pytest.raises(InvalidProof):
        check_offline(receipt, verifier, envelope=forged)
    stranger = SigningKey.generate(VerifierKey.parse(verifier).name).verifier.to_text()
    with pytest.raises(UnverifiedNote):
        check_offline(receipt, stranger, envelope=receipt["envelope"])


def test_a_receipt_discloses_personal_fields_against_their_commitments(
    officer: Person, person: Callable[..., Person], run_jobs: RunJobs
) -> None:
    admin = person(Role.ADMIN)
    body = {"email": "new@example.org", "display_name": "New"}
    account = made(admin.post("/accounts", body))
    run_jobs()
    (entry,) = entries(officer, subject_id=account["id"])
    receipt = receipt_of(officer, entry)
    assert "new@example.org" not in receipt["envelope"]
    committed = json.loads(receipt["envelope"])["commitments"]["email"]
    disclosed = receipt["disclosures"]["email"]
    salt = bytes.fromhex(disclosed["salt"])
    verify(committed, value="new@example.org", salt=salt)
    with pytest.raises(CommitmentMismatch):
        verify(committed, value="old@example.org", salt=salt)


def test_the_log_says_how_it_is_and_can_be_verified_on_demand(
    officer: Person, project_id: str, run_jobs: RunJobs
) -> None:
    before = made(officer.get("/log/health"), 200)
    assert (before["size"], before["last_verification"]) == (0, None)
    assert before["unsealed"] > 0
    run_jobs()
    made(officer.post("/log/verifications"), 202)
    run_jobs()
    health = made(officer.get("/log/health"), 200)
    assert health["unsealed"] == 0
    assert health["last_verification"]["findings"] == []
    assert health["last_verification"]["size"] == before["unsealed"]


def test_only_who_may_read_the_log_does(team: Person) -> None:
    for path in ("/log/entries", "/log/health", f"/log/entries/{uuid4()}/receipt"):
        assert "log:read" in refused(team.get(path), 403)["detail"]
