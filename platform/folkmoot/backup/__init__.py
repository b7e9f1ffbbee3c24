"""Back the whole installation up, and bring it back with nothing forgotten in silence."""
