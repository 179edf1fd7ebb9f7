"""Lint packages and lists of tools for the command line."""
