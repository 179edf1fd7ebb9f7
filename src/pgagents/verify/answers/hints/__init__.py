"""Compares what reads say before and after a call, to prove the hints of an action."""
