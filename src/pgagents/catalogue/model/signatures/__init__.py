"""Formats of signatures: one module for each, found by its path; its name is the `scheme` of a signature."""
