"""Mask keys, secrets and private values in everything that a report holds."""
