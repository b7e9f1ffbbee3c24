"""Measurements: each bench prints a table for people, JSON for machines, and states its bars."""
