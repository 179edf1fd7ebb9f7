"""Kinds of request bodies: one module for each, found by its path."""
