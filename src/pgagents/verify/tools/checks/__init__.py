"""Checks of an MCP server that need no catalogue; each module ends with a `CHECK`."""
