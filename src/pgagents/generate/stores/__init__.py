"""Parts that packages for several stores share: the entry of the MCP server, and small helpers."""
