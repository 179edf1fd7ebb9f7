"""Explain each id of a finding, for `pgagents explain` and the reference."""
