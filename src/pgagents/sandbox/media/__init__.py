"""Readers of request bodies: one module for each kind, found by its path."""
