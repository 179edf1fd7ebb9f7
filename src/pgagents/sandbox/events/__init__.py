"""Outgoing events: stored, signed, and delivered to checked addresses."""
