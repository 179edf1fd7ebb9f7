"""Checks on the audit log and on attribution of calls."""
