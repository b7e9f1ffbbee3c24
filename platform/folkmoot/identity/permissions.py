"""Who may do what: every permission, and the roles that hold it. The whole table is here."""

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    """What an account is for; an account may have several."""

    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    OFFICER = "officer"
    TEAM = "team"
    ADMIN = "admin"


class Permission(StrEnum):
    """One thing that a route may ask for; also the scopes of a token."""

    LABEL = "label"
    """Lease tasks and answer them."""
    READ_PROJECTS = "projects:read"
    """See projects, their progress and their tasks."""
    MANAGE_PROJECTS = "projects:manage"
    """Make and change projects, import tasks and outcomes, ask for a consensus."""
    READ_LABELS = "labels:read"
    """See single labels and what is known of each annotator."""
    DECIDE_APPEALS = "appeals:decide"
    """Decide what an annotator contests."""
    EXPORT_PAYMENTS = "payments:export"
    """Write the pay ledger out for whoever pays."""
    READ_DATA_SETS = "data-sets:read"
    """See data sets and download their files."""
    EXPORT_DATA_SETS = "data-sets:export"
    """Ask for a new data set."""
    READ_MODELS = "models:read"
    """See models, their versions and how they did."""
    TRAIN_MODELS = "models:train"
    """Make models and ask for new versions."""
    PROMOTE_MODELS = "models:promote"
    """Let a version decide that somebody else asked for."""
    SUBMIT_DECISIONS = "decisions:submit"
    """Submit cases for decision."""
    READ_DECISIONS = "decisions:read"
    """See decisions and what became of them."""
    REVIEW = "review"
    """Take held decisions and act on them."""
    SET_POLICY = "policy:set"
    """Set what is held for a human, and when a version may be promoted."""
    READ_REPORTS = "reports:read"
    """See reports."""
    RUN_REPORTS = "reports:run"
    """Ask for reports."""
    READ_LOG = "log:read"
    """Read the audit log, fetch receipts, verify it."""
    ERASE_PEOPLE = "people:erase"
    """Erase a person's texts, set and release legal holds, set how long things are kept."""
    MANAGE_ACCOUNTS = "accounts:manage"
    """Make and close accounts, set roles, end sessions, give machines tokens and OAuth clients."""


ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ANNOTATOR: frozenset({Permission.LABEL}),
    Role.REVIEWER: frozenset(
        {Permission.REVIEW, Permission.READ_DECISIONS, Permission.DECIDE_APPEALS}
    ),
    Role.OFFICER: frozenset(
        {
            Permission.READ_PROJECTS,
            Permission.READ_MODELS,
            Permission.READ_DECISIONS,
            Permission.SET_POLICY,
            Permission.PROMOTE_MODELS,
            Permission.READ_REPORTS,
            Permission.RUN_REPORTS,
            Permission.READ_LOG,
            Permission.ERASE_PEOPLE,
        }
    ),
    Role.TEAM: frozenset(
        {
            Permission.READ_PROJECTS,
            Permission.MANAGE_PROJECTS,
            Permission.READ_LABELS,
            Permission.DECIDE_APPEALS,
            Permission.EXPORT_PAYMENTS,
            Permission.READ_DATA_SETS,
            Permission.EXPORT_DATA_SETS,
            Permission.READ_MODELS,
            Permission.TRAIN_MODELS,
            Permission.PROMOTE_MODELS,
            Permission.SUBMIT_DECISIONS,
            Permission.READ_DECISIONS,
            Permission.READ_REPORTS,
            Permission.RUN_REPORTS,
        }
    ),
    Role.ADMIN: frozenset({Permission.MANAGE_ACCOUNTS, Permission.READ_PROJECTS}),
}


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Return everything that an account with these roles may do."""
    return frozenset[Permission]().union(*(ROLE_PERMISSIONS[role] for role in roles))
