"""Judge an MCP server by its own list of tools, without a catalogue."""
