"""Calls that the operator causes to fail."""
