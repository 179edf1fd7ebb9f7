"""Idempotency keys that a server may confuse."""
