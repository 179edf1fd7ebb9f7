"""Checks on idempotency keys and repeated calls."""
