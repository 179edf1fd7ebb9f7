"""Checks of signatures."""
