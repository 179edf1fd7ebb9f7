"""Formats of signatures: one module for each, found by its path."""
