"""Make catalogues of what runs: the tools of an MCP server, and recorded traffic."""
