"""Checks that pydantic cannot express: references, paths, expressions, examples, keys without effect."""
