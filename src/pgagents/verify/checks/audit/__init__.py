"""Checks on the audit log, and on which caller a change is attributed to."""
