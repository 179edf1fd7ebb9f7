"""Finds what a host advertises to agents: where documents stand, and the links in them."""
