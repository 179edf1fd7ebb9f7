"""Lint any plugin folder, ZIP or file by the rules of a store or a host."""
