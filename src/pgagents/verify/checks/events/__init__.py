"""Checks on events and webhooks: schema, delivery, signature, and refused addresses."""
