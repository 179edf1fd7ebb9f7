"""Proposed test cases of a plugin."""
