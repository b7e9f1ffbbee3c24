"""Every action that the log knows; docs/reference/audit-actions.md says what each records."""

from enum import StrEnum


class Action(StrEnum):
    """What was done. Values are stored; a value is never renamed or reused."""

    ACCOUNT_CREATED = "account.created"
    ACCOUNT_ROLES_CHANGED = "account.roles_changed"
    ACCOUNT_DEACTIVATED = "account.deactivated"
    ACCOUNT_LINKED = "account.linked"
    ACCOUNT_PASSWORD_CHANGED = "account.password_changed"  # noqa: S105
    ACCOUNT_SESSIONS_ENDED = "account.sessions_ended"
    SIGNED_IN = "sign_in.succeeded"
    SIGN_IN_REFUSED = "sign_in.refused"
    SIGNED_OUT = "sign_in.ended"
    TOKEN_ISSUED = "token.issued"  # noqa: S105
    TOKEN_REVOKED = "token.revoked"  # noqa: S105
    OAUTH_CLIENT_REGISTERED = "oauth_client.registered"
    OAUTH_CLIENT_REVOKED = "oauth_client.revoked"

    PROJECT_CREATED = "project.created"
    PROJECT_CHANGED = "project.changed"
    PROJECT_STATE_CHANGED = "project.state_changed"
    TASKS_IMPORTED = "tasks.imported"
    GOLD_SET = "gold.set"
    OUTCOMES_IMPORTED = "outcomes.imported"
    LABEL_REVISED = "label.revised"
    EXPERT_LABEL_ADDED = "label.expert_added"
    CONSENSUS_REQUESTED = "consensus.requested"
    CONSENSUS_FINISHED = "consensus.finished"
    DATA_SET_REQUESTED = "data_set.requested"
    DATA_SET_FINISHED = "data_set.finished"
    DATA_SET_DOWNLOADED = "data_set.downloaded"

    POLICY_SET = "policy.set"
    MODEL_CREATED = "model.created"
    MODEL_VERSION_REQUESTED = "model_version.requested"
    MODEL_VERSION_TRAINED = "model_version.trained"
    MODEL_VERSION_PROMOTED = "model_version.promoted"
    DECISION_RELEASED = "decision.released"
    DECISION_HELD = "decision.held"
    CASE_SHOWN = "review.case_shown"
    REVIEW_CONFIRMED = "review.confirmed"
    REVIEW_OVERRIDDEN = "review.overridden"
    REVIEW_DISREGARDED = "review.disregarded"
    REVIEW_REVERSED = "review.reversed"
    REPORT_REQUESTED = "report.requested"
    REPORT_FINISHED = "report.finished"
    DECISIONS_REQUESTED = "decisions.requested"
    LOG_VERIFIED = "log.verified"
    JOB_FAILED = "job.failed"
