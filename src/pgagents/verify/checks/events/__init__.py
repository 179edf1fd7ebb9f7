"""Checks on events and webhooks: schema, delivery, signature, allowed addresses."""
