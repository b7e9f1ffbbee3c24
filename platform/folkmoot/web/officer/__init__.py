"""The officer's pages: proof at a glance, the log as sentences, reports of fairness."""

from folkmoot.web.officer import erasure_routes, log_routes, routes
from folkmoot.web.officer.blueprint import blueprint

__all__ = ["blueprint", "erasure_routes", "log_routes", "routes"]
