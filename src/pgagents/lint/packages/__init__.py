"""Lint of anybody's plugin folder, ZIP or file, as a store or a host would judge it."""
