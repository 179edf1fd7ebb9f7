"""Checks on what actions say of themselves in hints, on the run's own instances."""
