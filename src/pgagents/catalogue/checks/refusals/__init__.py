"""Checks on what the catalogue says about refused calls: errors and rate limits."""
