"""Explanations of finding ids, for `pgagents explain` and the reference."""
