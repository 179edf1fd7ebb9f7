"""Calls with ids that name no instance of the caller."""
