"""Checks of what a host advertises to agents."""
