"""Kinds of answers' bodies, one a module, each with a `MEDIUM`."""
