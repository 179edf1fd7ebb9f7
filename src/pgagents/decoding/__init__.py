"""Reads the bodies of answers: one module for each kind of media type, found by its path."""
