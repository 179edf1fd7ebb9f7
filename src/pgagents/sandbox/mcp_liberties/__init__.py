"""What an MCP server may do otherwise, one file each."""
