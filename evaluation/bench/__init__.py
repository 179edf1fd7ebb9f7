"""Measure the costs of pgagents: `make bench`."""
