"""Proves `pgagents fleet run` on many mocks, also where workers are killed."""
