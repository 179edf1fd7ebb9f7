"""Checks of surfaces: the actions that they can offer, narrowed arguments, and MCP servers."""
