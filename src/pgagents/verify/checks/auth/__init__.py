"""Checks on keys, scopes, operators, projects, codes that grant access, and signed calls."""
