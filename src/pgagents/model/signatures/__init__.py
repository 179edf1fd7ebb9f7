"""Formats of signatures, one a module."""
