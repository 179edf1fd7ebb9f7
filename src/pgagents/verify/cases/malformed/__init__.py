"""Paths, methods and bodies that fit no endpoint."""
