"""Faults of Park Graph's own behaviour, and legal ways for it to behave."""
