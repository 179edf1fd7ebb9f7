"""Fault injection: the registry of faults and variations, and what they share."""
