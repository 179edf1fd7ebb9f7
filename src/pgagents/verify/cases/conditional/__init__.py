"""Calls with entity tags."""
