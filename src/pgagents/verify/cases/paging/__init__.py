"""Calls that read a list in pages, and calls that make its instances."""
