"""Kinds of answers' bodies: one module for each, found by its path."""
