"""Switchable faults: each wraps the handler and says which checks it breaks."""
