"""Outgoing events: stored in an outbox, signed, and delivered to checked addresses."""
