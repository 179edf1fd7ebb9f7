"""Faults of the kinds that checks were known to miss."""
