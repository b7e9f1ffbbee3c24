"""The append-only log of what was decided, which anyone can check without trusting us."""
