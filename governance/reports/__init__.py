"""What each kind of report reads and computes; loaded by jobs only.

A kind is a module with a frozen problem that can `solve` itself, and a line in `running`.
"""
