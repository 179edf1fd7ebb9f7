"""Propose laws from the exchanges of a run: mine them, try to break them, rank them, write them as YAML."""
