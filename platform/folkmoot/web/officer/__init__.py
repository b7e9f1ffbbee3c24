"""The officer's pages: proof at a glance, the log as sentences, reports of fairness."""

from folkmoot.web.officer.routes import blueprint

__all__ = ["blueprint"]
