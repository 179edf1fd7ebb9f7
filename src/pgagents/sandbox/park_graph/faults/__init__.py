"""Faults of Park Graph's own behaviour, found by an entry point."""
