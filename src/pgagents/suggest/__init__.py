"""Propose laws from the exchanges of a run: mine, try to break, weaken or drop, rank, write as YAML."""
