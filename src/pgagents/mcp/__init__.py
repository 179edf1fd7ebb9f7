"""Serve a catalogue's actions over MCP, by stdio and Streamable HTTP, in both eras of the protocol."""
