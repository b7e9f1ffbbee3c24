"""What models, policies and reports say, so that the log can be held against it."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlmodel import col

from audit.actions import Action
from audit.canonical import digest
from audit.entry_check import read_envelope
from audit.models import Entry
from audit.row_claims import RecordedRows
from audit.stored_rows import NOT_READABLE, StoredTable, stored_rows
from audit.verdicts import Claim, ClaimSource, Finding
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.models import Model, ModelVersion, Policy, Report, VersionState

_RULES = ("hold_below", "high_stakes", "review_minutes", "shortest_reason", "gate")
_HAS_ACTED = (VersionState.ACTIVE, VersionState.RETIRED)


class PolicyClaims:
    """Claim what every version of a policy says; an entry names its project and its version."""

    name = "policies"
    actions: frozenset[Action] = frozenset({Action.POLICY_SET})

    def claims(self, uow: UnitOfWork) -> Iterator[Claim | Finding]:
        """Yield a claim for each version of each policy, or what keeps it from being read."""
        policies = StoredTable(uow, Policy)
        statement = sa.select(*policies.columns())
        for row in stored_rows(uow, statement.order_by(col(Policy.project_id))):
            try:
                policy = policies.read(row)
                if policy is not None:
                    yield _policy_claim(uow, policy)
            except NOT_READABLE:
                yield Finding(f"A policy of {policies.uuid(row, 'project_id')} cannot be read.")


def _policy_claim(uow: UnitOfWork, policy: Policy) -> Claim | Finding:
    entries = StoredTable(uow, Entry)
    index = col(Entry.leaf_index)
    told = sa.select(*entries.columns("id", "envelope")).where(
        col(Entry.subject_id) == policy.project_id, col(Entry.action) == Action.POLICY_SET
    )
    said: JsonObject = policy.model_dump(mode="json", include=set(_RULES))
    ordered = told.order_by(index.is_(None), index, col(Entry.id))
    for number, row in enumerate(stored_rows(uow, ordered), 1):
        envelope, entry_id = entries.raw(row, "envelope"), entries.uuid(row, "id")
        facts = _facts(envelope)
        # An entry whose time is over says no version any more; they were set one after another.
        version = number if envelope == b"" else facts.get("version")
        if entry_id is not None and version == policy.version:
            return Claim(entry_id, "project", policy.project_id, {**facts, "after": said}, {})
    return Finding(
        f"There is no entry for version {policy.version} of the policy of {policy.project_id}."
    )


def _facts(envelope: object) -> JsonObject:
    try:
        return read_envelope(envelope).facts
    except NOT_READABLE:
        return {}


def _requested(version: ModelVersion) -> JsonObject:
    return {"model": str(version.model_id), "number": version.number, **_learned_from(version)}


def _learned_from(version: ModelVersion) -> JsonObject:
    return {"data_set_digest": version.data_set_digest, "parameters": version.parameters}


def _trained(version: ModelVersion) -> JsonObject:
    return {
        "data_set_digest": version.data_set_digest,
        "artifact": version.artifact_digest,
        "metrics_digest": digest(version.metrics),
        "gate": version.gate,
    }


def _promoted(version: ModelVersion) -> JsonObject:
    return {"artifact": version.artifact_digest, "gate": version.gate}


def _reported(report: Report) -> JsonObject:
    counted: JsonObject = {"definition": report.definition, "result": report.result}
    return {
        "kind": report.kind.value,
        "digest": digest(counted),
        "log_size": report.log_size,
    }


MODEL_CLAIMS: tuple[ClaimSource, ...] = (
    PolicyClaims(),
    RecordedRows(
        "models", Model, Action.MODEL_CREATED, "model", said=lambda model: {"name": model.name}
    ),
    RecordedRows(
        "versions of models",
        ModelVersion,
        Action.MODEL_VERSION_REQUESTED,
        "model_version",
        said=_requested,
    ),
    RecordedRows(
        "trained versions",
        ModelVersion,
        Action.MODEL_VERSION_TRAINED,
        "model_version",
        said=_trained,
        took_place=col(ModelVersion.trained_at).is_not(None),
    ),
    RecordedRows(
        "promoted versions",
        ModelVersion,
        Action.MODEL_VERSION_PROMOTED,
        "model_version",
        said=_promoted,
        took_place=col(ModelVersion.promoted_at).is_not(None)
        | col(ModelVersion.state).in_(_HAS_ACTED),
    ),
    RecordedRows(
        "reports",
        Report,
        Action.REPORT_FINISHED,
        "report",
        said=_reported,
        took_place=col(Report.state) == WorkState.FINISHED,
    ),
)
