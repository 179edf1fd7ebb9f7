"""Compares answers with each other, without the values that differ rightly."""
