"""Checks on keys, scopes, projects and signed calls."""
