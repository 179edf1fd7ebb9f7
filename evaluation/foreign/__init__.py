"""Servers of three APIs, each written in a framework of its own from prose alone (tests/catalogues/*.md)."""
