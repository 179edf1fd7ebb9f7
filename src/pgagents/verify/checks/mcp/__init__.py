"""Checks of the MCP protocol itself. Checks of other areas with `tools` judge calls of MCP tools, too."""
