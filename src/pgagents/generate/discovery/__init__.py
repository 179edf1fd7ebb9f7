"""Describes what a host advertises to agents, for the documents that name it."""
