"""Serve pages and hosted documents besides actions."""
