"""Calls that exceed a rate limit."""
