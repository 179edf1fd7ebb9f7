"""Checks of an MCP server that no catalogue describes: one module for each promise about its tools.

Each is a `Check` as those in `verify/checks`, and takes its contracts from the tools that the server
lists. `verify/tools.py` has what they share.
"""
