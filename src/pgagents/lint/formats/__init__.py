"""Formats of lint's findings, one module a format."""
