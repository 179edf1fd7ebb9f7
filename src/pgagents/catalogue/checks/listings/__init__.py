"""Checks of the listings of plugins, and the stores that hold them to their limits."""
