"""Rules for MCP clients."""
