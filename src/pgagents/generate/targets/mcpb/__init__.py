"""An MCP bundle (MCPB) for Claude Desktop: a manifest, and a program that starts the server."""
