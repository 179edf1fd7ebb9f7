"""Outgoing events: kept in an outbox, signed, delivered to addresses that were checked."""
