"""Families of faults: each fault is a decorated function that names the checks it breaks."""
