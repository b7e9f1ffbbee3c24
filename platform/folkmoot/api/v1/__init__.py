"""Version 1 of the API: a module for each resource, its views beside it."""

from folkmoot.api.v1 import (
    accounts,
    consensus,
    data_sets,
    decisions,
    earnings,
    jobs,
    labels,
    log,
    models,
    oauth_clients,
    payments,
    policies,
    preferences,
    projects,
    reports,
    sittings,
)

ALL = (
    accounts.api,
    oauth_clients.api,
    projects.api,
    labels.api,
    sittings.api,
    earnings.api,
    preferences.api,
    payments.api,
    consensus.api,
    data_sets.api,
    models.api,
    policies.api,
    decisions.api,
    reports.api,
    log.api,
    jobs.api,
)
