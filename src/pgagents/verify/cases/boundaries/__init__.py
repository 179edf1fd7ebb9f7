"""Boundary cases that are sent together in one call."""
