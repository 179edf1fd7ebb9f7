"""Checks on the catalogue's statements about refused calls: errors and rate limits."""
