"""Measures what a coding agent's catalogue finds that was written with nothing but the skill."""
