"""Make catalogues from running servers: the tools of an MCP server, and recorded traffic."""
