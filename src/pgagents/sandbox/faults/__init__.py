"""Families of faults: each fault is a decorated function that says which checks it breaks."""
