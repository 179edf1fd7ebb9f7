"""Checks on rate limits."""
