"""Checks on events and webhooks."""
