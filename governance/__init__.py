"""Models, decisions, human review, overrides, policies, learning and reports."""
