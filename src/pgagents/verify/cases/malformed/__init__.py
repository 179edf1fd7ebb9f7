"""Paths, methods and bodies that no endpoint takes."""
