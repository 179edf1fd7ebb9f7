"""Serve pages and hosted documents that are no actions."""
