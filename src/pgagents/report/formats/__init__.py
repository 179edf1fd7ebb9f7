"""Formats of the report, one module each."""
