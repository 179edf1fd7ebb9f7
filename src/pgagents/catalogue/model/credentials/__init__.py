"""Kinds of credentials: one module for each, found by its path."""
