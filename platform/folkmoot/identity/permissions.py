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
    READ_PROJECTS = "projects:read"
    MANAGE_PROJECTS = "projects:manage"
    READ_LABELS = "labels:read"
    READ_DATA_SETS = "data-sets:read"
    EXPORT_DATA_SETS = "data-sets:export"
    READ_MODELS = "models:read"
    TRAIN_MODELS = "models:train"
    PROMOTE_MODELS = "models:promote"
    SUBMIT_DECISIONS = "decisions:submit"
    READ_DECISIONS = "decisions:read"
    REVIEW = "review"
    SET_POLICY = "policy:set"
    READ_REPORTS = "reports:read"
    RUN_REPORTS = "reports:run"
    READ_LOG = "log:read"
    MANAGE_ACCOUNTS = "accounts:manage"


ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ANNOTATOR: frozenset({Permission.LABEL}),
    Role.REVIEWER: frozenset({Permission.REVIEW, Permission.READ_DECISIONS}),
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
        }
    ),
    Role.TEAM: frozenset(
        {
            Permission.READ_PROJECTS,
            Permission.MANAGE_PROJECTS,
            Permission.READ_LABELS,
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
