"""Checks on rate limits and their headers."""
