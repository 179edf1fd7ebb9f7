"""A catalogue's actions as an MCP server, over stdio and Streamable HTTP, in both eras of the protocol."""
