"""Readers of answers that several checks share: capacity, times, limits, secrets, request ids."""
