"""The officer's pages: proof at a glance, the log as sentences, reports of fairness."""

from folkmoot.web.officer import log_routes, routes
from folkmoot.web.officer.blueprint import blueprint

__all__ = ["blueprint", "log_routes", "routes"]
